"""The Django application."""

from django.apps import AppConfig

__all__ = ["HooksConfig"]


class HooksConfig(AppConfig):
    """Webhooks that a shop sends."""

    name = "jifen.service.hooks"
    label = "hooks"
    default_auto_field = "django.db.models.BigAutoField"
