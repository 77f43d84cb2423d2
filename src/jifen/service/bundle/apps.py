"""The Django application."""

from django.apps import AppConfig

__all__ = ["BundleConfig"]


class BundleConfig(AppConfig):
    """Bundles for an auditor or a regulator, and the keys that sign them."""

    name = "jifen.service.bundle"
    label = "bundle"
    default_auto_field = "django.db.models.BigAutoField"
