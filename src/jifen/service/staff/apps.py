"""The Django application."""

from django.apps import AppConfig

__all__ = ["StaffConfig"]


class StaffConfig(AppConfig):
    """Staff: roles, API keys, second persons, history."""

    name = "jifen.service.staff"
    label = "staff"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let who forgets a person know what is to be forgotten here, whoever asks for it."""
        from jifen.service.staff import deeds  # noqa: F401 - it says so itself
