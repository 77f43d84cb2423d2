"""Django's settings module: all of it comes from ``environment``."""

import os

from jifen.service.environment import database_of, read_settings

__all__ = [
    "ALLOWED_HOSTS", "DATABASES", "INSTALLED_APPS", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "SETTINGS", "TIME_ZONE",
    "USE_TZ",
]  # fmt: skip

SETTINGS = read_settings(os.environ)
"""What the environment said."""

SECRET_KEY = SETTINGS.secret_key
SECRET_KEY_FALLBACKS = list(SETTINGS.secret_keys_old)
ALLOWED_HOSTS = list(SETTINGS.hosts)
DATABASES = {"default": database_of(SETTINGS.database_url)}
INSTALLED_APPS = ["jifen.service"]
USE_TZ = True
TIME_ZONE = "UTC"
"""Times of day are the machine's own affair; business days are those of the shop's zone."""
