"""The Django application."""

from django.apps import AppConfig

__all__ = ["MembersConfig"]


class MembersConfig(AppConfig):
    """Members 会员: accounts, sign-up by code, personal data that can be erased."""

    name = "jifen.service.members"
    label = "members"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let the history of accounts hear of second factors."""
        from jifen.service.members import factors  # noqa: F401 - it listens by itself
