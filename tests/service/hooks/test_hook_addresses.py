"""Where webhooks may go, and where not."""

import pytest

from jifen.core.errors import InputError
from jifen.service.hooks.addresses import address_of, check_url
from jifen.service.hooks.sending import Answer, post, send

PRIVATE = [
    "10.0.0.1", "172.16.5.4", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_a_live_shop_reaches_no_private_network_by_number_or_by_name(address):
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(InputError, match="private network"):
        check_url(f"https://{host}/hook", live=True)
    parts = check_url("https://inside.example/hook", live=True)
    with pytest.raises(InputError, match="private network"):
        address_of(parts, live=True, resolve=lambda host, port: [address])


def test_one_private_address_among_several_is_enough_to_refuse_a_name():
    parts = check_url("https://both.example/hook", live=True)
    with pytest.raises(InputError):
        address_of(parts, live=True, resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    assert address_of(parts, live=True, resolve=lambda host, port: ["8.8.8.8"]) == "8.8.8.8"


def test_a_sandbox_reaches_this_machine_and_still_no_private_network():
    check_url("http://127.0.0.1:8000/hook", live=False)
    check_url("http://localhost/hook", live=False)
    for url in ("http://shop.example/hook", "https://10.0.0.1/", "https://169.254.169.254/latest"):
        with pytest.raises(InputError):
            check_url(url, live=False)
    with pytest.raises(InputError, match="not https"):
        check_url("http://127.0.0.1:8000/hook", live=True)


@pytest.mark.parametrize(
    "url",
    ["https://", "https://user:pw@shop.example/", "https://shop.example/#part", "https://shop.example:99999/",
     "ftp://shop.example/", "https://shop.example/a b", "https://shop.example/\r\nX: y", "https://商城.example/", "https://[::1",
     "https://" + "a" * 70 + ".example/", "https://shop.example/" + "a" * 2000],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InputError) as refused:
        check_url(url, live=True)
    assert refused.value.problems[0].code == "bad_hook_url"


def test_a_name_is_looked_up_once_and_the_request_goes_to_the_address_that_was_looked_at(receiver):
    lookups = []

    def rebinding(host, port):
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["10.0.0.1"]

    url = receiver.url.replace("127.0.0.1", "localhost")
    assert send(url, "{}", {}, live=False, resolve=rebinding) == Answer(200)
    assert lookups == ["localhost"]
    # A name that nobody knows arrives too, since the address is given, and the name is only said.
    parts = check_url(f"https://nowhere.invalid:{receiver.port}/x?y=1", live=False)._replace(scheme="http")
    assert post(parts, "127.0.0.1", "{}", {}) == Answer(200)
    assert receiver.got[1][0] == "/x?y=1"
    assert receiver.got[1][1]["Host"] == f"nowhere.invalid:{receiver.port}"


def test_a_redirect_is_a_failure_and_is_not_followed(receiver):
    receiver.answers, receiver.location = [302], receiver.url + "/elsewhere"
    answer = send(receiver.url, "{}", {}, live=False)
    assert (answer.status, answer.good) == (302, False)
    assert [path for path, _, _ in receiver.got] == ["/hook"]


def test_a_receiver_that_sends_a_byte_now_and_then_is_cut_off():
    import socket
    import threading
    import time

    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def drip():
        sock, _ = listener.accept()
        with sock:
            try:
                while not done.wait(0.1):
                    sock.sendall(b"H")
            except OSError:
                pass

    threading.Thread(target=drip, daemon=True).start()
    parts = check_url(f"http://127.0.0.1:{listener.getsockname()[1]}/", live=False)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        post(parts, "127.0.0.1", "{}", {}, patience=0.5)
    assert time.monotonic() - began < 3
    done.set()
    listener.close()


def test_an_endpoint_that_does_not_listen_or_speaks_no_tls_is_said_to_be_so(receiver):
    assert send("http://127.0.0.1:9/", "{}", {}, live=False).error == "unreachable"
    assert send(receiver.url.replace("http:", "https:"), "{}", {}, live=False).error == "tls"
