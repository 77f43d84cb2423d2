"""Tencent Cloud 腾讯云短信: a code as the one parameter of a template.

Tested against the request of its maker's package, and not against the live service.
"""

from typing import Any

from jifen.core.errors import InputError, Problem
from jifen.service.environment import Settings

__all__ = ["TencentSender"]

_REGION = "ap-guangzhou"


class TencentSender:
    """Sends with Tencent's package, which comes with ``jifen[tencent]``."""

    def __init__(self, given: Settings, client: Any = None) -> None:
        """Take key, sign, template and application from the settings; ``client`` is the package's own."""
        try:
            from tencentcloud.common.credential import Credential
            from tencentcloud.sms.v20210111.sms_client import SmsClient
        except ImportError as error:
            remedy = "install jifen[tencent]"
            raise InputError(Problem("no_sender", "Tencent's package is not installed", remedy)) from error
        self.given = given
        self.client = client or SmsClient(Credential(given.sms_key, given.sms_secret), _REGION)

    def send(self, number: str, code: str) -> None:
        """Send, and raise unless it was taken."""
        from tencentcloud.sms.v20210111.models import SendSmsRequest

        request = SendSmsRequest()
        request.PhoneNumberSet, request.TemplateParamSet = [number], [code]
        request.SmsSdkAppId, request.SignName = self.given.sms_app, self.given.sms_sign
        request.TemplateId = self.given.sms_template
        (status,) = self.client.SendSms(request).SendStatusSet
        if status.Code != "Ok":
            raise InputError(Problem("not_sent", f"Tencent answered {status.Code}", "see its list of codes"))
