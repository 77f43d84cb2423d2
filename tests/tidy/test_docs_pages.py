"""The built pages ask no other host for anything."""

import importlib.util

import pytest


@pytest.fixture(scope="module")
def outside_requests(root):
    spec = importlib.util.spec_from_file_location("outside_requests", root / "docs/_ext/outside_requests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.outside_requests


@pytest.mark.parametrize(
    "content",
    [
        '<script src="https://example.net/a.js"></script>',
        '<link rel="stylesheet" href="//example.net/a.css">',
        '<img src="http://example.net/a.png">',
        '<p style="background: url(https://example.net/a.png)"></p>',
        "<style>@import 'https://example.net/a.css';</style>",
    ],
)
def test_a_request_to_another_host_is_found(outside_requests, tmp_path, content):
    (tmp_path / "page.html").write_text(content)
    (found,) = outside_requests(tmp_path)
    assert "example.net" in found


def test_a_font_from_another_host_is_found_in_a_style_sheet(outside_requests, tmp_path):
    (tmp_path / "page.css").write_text("@font-face { src: url(https://example.net/a.woff2) }")
    assert len(outside_requests(tmp_path)) == 1


def test_links_and_files_of_the_page_itself_are_no_requests(outside_requests, tmp_path):
    (tmp_path / "page.html").write_text(
        '<a href="https://example.net">read</a><script src="a.js"></script><img src="data:image/png;base64,AA==">'
    )
    assert outside_requests(tmp_path) == []
