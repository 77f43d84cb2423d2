"""The Django application."""

from django.apps import AppConfig

__all__ = ["MembersConfig"]


class MembersConfig(AppConfig):
    """Members 会员: accounts, sign-up by code, personal data that can be erased."""

    name = "jifen.service.members"
    label = "members"
    default_auto_field = "django.db.models.BigAutoField"
