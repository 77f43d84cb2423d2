"""The Django application."""

from django.apps import AppConfig

__all__ = ["ServiceConfig"]


class ServiceConfig(AppConfig):
    """The live ledger."""

    name = "jifen.service"
    label = "service"
    default_auto_field = "django.db.models.BigAutoField"
