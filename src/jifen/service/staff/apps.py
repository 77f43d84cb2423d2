"""The Django application."""

from django.apps import AppConfig

__all__ = ["StaffConfig"]


class StaffConfig(AppConfig):
    """Staff: roles, API keys, second persons, history."""

    name = "jifen.service.staff"
    label = "staff"
    default_auto_field = "django.db.models.BigAutoField"
