"""Alibaba Cloud 阿里云短信: a code as the parameter ``code`` of a template.

Tested against the request of its maker's package, and not against the live service.
"""

import json
from typing import Any

from jifen.core.errors import InputError, Problem
from jifen.service.environment import Settings

__all__ = ["AlibabaSender"]

_ENDPOINT = "dysmsapi.aliyuncs.com"


class AlibabaSender:
    """Sends with Alibaba's package, which comes with ``jifen[alibaba]``."""

    def __init__(self, given: Settings, client: Any = None) -> None:
        """Take key, sign and template from the settings; ``client`` is the package's own."""
        try:
            from alibabacloud_dysmsapi20170525.client import Client
            from alibabacloud_tea_openapi.models import Config
        except ImportError as error:
            remedy = "install jifen[alibaba]"
            raise InputError(Problem("no_sender", "Alibaba's package is not installed", remedy)) from error
        config = Config(access_key_id=given.sms_key, access_key_secret=given.sms_secret, endpoint=_ENDPOINT)
        self.given, self.client = given, client or Client(config)

    def send(self, number: str, code: str) -> None:
        """Send, and raise unless it was taken. Numbers of other countries are written without their plus."""
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest

        request = SendSmsRequest(
            phone_numbers=number.removeprefix("+86").removeprefix("+"),
            sign_name=self.given.sms_sign, template_code=self.given.sms_template,
            template_param=json.dumps({"code": code}),
        )  # fmt: skip
        body = self.client.send_sms(request).body
        if body.code != "OK":
            raise InputError(Problem("not_sent", f"Alibaba answered {body.code}", "see its list of codes"))
