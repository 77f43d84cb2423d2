"""The Django application."""

from django.apps import AppConfig

__all__ = ["BundleConfig"]


class BundleConfig(AppConfig):
    """Bundles for an auditor or a regulator, and the keys that sign them."""

    name = "jifen.service.bundle"
    label = "bundle"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let what seals anew know of the keys."""
        import jifen.service.bundle.keys  # noqa: F401
