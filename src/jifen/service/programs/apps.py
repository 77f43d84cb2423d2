"""The Django application."""

from django.apps import AppConfig

__all__ = ["ProgramsConfig"]


class ProgramsConfig(AppConfig):
    """Programs: versions of plans and their gate, disclosures, limits, findings of runs, freezes."""

    name = "jifen.service.programs"
    label = "programs"
    default_auto_field = "django.db.models.BigAutoField"
