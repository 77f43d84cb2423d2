"""Senders of codes, held against the requests of their makers' packages: no live service is asked."""

import json
import logging
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import override_settings

from jifen.core.errors import InputError
from jifen.service.environment import read_settings
from jifen.service.sms import sender
from jifen.service.sms.alibaba import AlibabaSender
from jifen.service.sms.console import FILE, ConsoleSender
from jifen.service.sms.tencent import TencentSender

GIVEN = {"JIFEN_SMS_KEY": "id", "JIFEN_SMS_SECRET": "secret", "JIFEN_SMS_APP": "1400", "JIFEN_SMS_SIGN": "积分店",
         "JIFEN_SMS_TEMPLATE": "T1"}  # fmt: skip
NUMBER = "+8613800138000"


class Client:
    """A maker's client that keeps what it is asked."""

    def __init__(self, answer) -> None:
        self.asked, self.answer = [], answer

    def send_sms(self, request):
        self.asked.append(request.to_map())
        return SimpleNamespace(body=SimpleNamespace(code=self.answer))

    def SendSms(self, request):  # noqa: N802
        said = json.loads(request.to_json_string(ensure_ascii=False))
        self.asked.append({name: value for name, value in said.items() if value is not None})
        return SimpleNamespace(SendStatusSet=[SimpleNamespace(Code=self.answer)])


def test_tencent_is_asked_for_a_template_with_the_code():
    client = Client("Ok")
    TencentSender(read_settings(GIVEN), client).send(NUMBER, "123456")
    assert client.asked == [
        {"PhoneNumberSet": [NUMBER], "SmsSdkAppId": "1400", "TemplateId": "T1", "SignName": "积分店",
         "TemplateParamSet": ["123456"]}
    ]  # fmt: skip
    with pytest.raises(InputError, match="LimitExceeded"):
        TencentSender(read_settings(GIVEN), Client("LimitExceeded.PhoneNumberDailyLimit")).send(NUMBER, "1")


def test_alibaba_is_asked_for_a_template_with_the_code():
    client = Client("OK")
    AlibabaSender(read_settings(GIVEN), client).send(NUMBER, "123456")
    AlibabaSender(read_settings(GIVEN), client).send("+85251234567", "123456")
    assert client.asked[0] == {
        "PhoneNumbers": "13800138000", "SignName": "积分店", "TemplateCode": "T1", "TemplateParam": '{"code": "123456"}'
    }  # fmt: skip
    assert client.asked[1]["PhoneNumbers"] == "85251234567"
    with pytest.raises(InputError, match=r"isv\.BUSINESS_LIMIT_CONTROL"):
        AlibabaSender(read_settings(GIVEN), Client("isv.BUSINESS_LIMIT_CONTROL")).send(NUMBER, "1")


@pytest.mark.parametrize("name", ["tencent", "alibaba", "console"])
def test_each_sender_is_found_by_its_name_and_makes_its_client(name):
    assert name in sender.senders()
    made = sender.sender_of(read_settings({**GIVEN, "JIFEN_SMS": name}), live=name != "console")
    assert type(made).__name__.lower().startswith(name)


def test_a_sender_that_is_none_and_a_live_shop_without_one_are_told():
    with pytest.raises(InputError, match="no_sender"):
        sender.sender_of(read_settings({"JIFEN_SMS": "pigeon"}), live=False)
    with pytest.raises(InputError, match="no_sender"):
        sender.sender_of(read_settings({}), live=True)


def test_the_console_writes_for_nobody_but_the_operator(tmp_path):
    ConsoleSender(read_settings({"JIFEN_VAR": str(tmp_path)})).send(NUMBER, "123456")
    path = tmp_path / FILE
    assert path.read_text() == f"{NUMBER} 123456\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_fails_is_logged_without_number_and_code_and_raises_nothing(caplog, tmp_path):
    given = read_settings({"JIFEN_SMS": "pigeon", "JIFEN_VAR": str(tmp_path)})
    with override_settings(SETTINGS=given), caplog.at_level(logging.DEBUG):
        sender.send_soon(NUMBER, "654321", live=False)
        sender.wait_for_sent()
    assert [record.message for record in caplog.records] == ["a code could not be sent"]
    assert "138001" not in caplog.text
    assert "654321" not in caplog.text
    assert settings.SETTINGS is not given
