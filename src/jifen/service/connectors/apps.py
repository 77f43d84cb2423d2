"""The Django application."""

from django.apps import AppConfig

__all__ = ["ConnectorsConfig"]


class ConnectorsConfig(AppConfig):
    """Connectors: signed webhooks of foreign shops become events."""

    name = "jifen.service.connectors"
    label = "connectors"
    default_auto_field = "django.db.models.BigAutoField"
