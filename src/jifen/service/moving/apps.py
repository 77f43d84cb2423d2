"""The Django application."""

from django.apps import AppConfig

__all__ = ["MovingConfig"]


class MovingConfig(AppConfig):
    """Moving in and out: imports, exports, and bundles for auditors."""

    name = "jifen.service.moving"
    label = "moving"
    default_auto_field = "django.db.models.BigAutoField"
