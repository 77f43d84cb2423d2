"""Django's settings module: all of it comes from ``environment``."""

import os
from typing import Any

from jifen.service.environment import database_of, read_settings

__all__ = [
    "ALLOWED_HOSTS", "CONTENT_POLICY", "DATABASES", "DEBUG", "INSTALLED_APPS", "LOGGING_CONFIG", "MIDDLEWARE",
    "ROOT_URLCONF", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "SETTINGS", "STATIC_URL", "TEMPLATES", "TIME_ZONE", "USE_TZ",
    "WHITENOISE_USE_FINDERS",
]  # fmt: skip

SETTINGS = read_settings(os.environ)
"""What the environment said."""

DEBUG = False
"""A page that explains a mistake to whoever asks would show members' data, so it cannot be had by any setting."""
SECRET_KEY = SETTINGS.secret_key
SECRET_KEY_FALLBACKS = list(SETTINGS.secret_keys_old)
ALLOWED_HOSTS = list(SETTINGS.hosts)
DATABASES = {"default": {**database_of(SETTINGS.database_url), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
INSTALLED_APPS = ["django.contrib.staticfiles", "jifen.service"]
USE_TZ = True
TIME_ZONE = "UTC"
"""Times of day are the machine's own affair; business days are those of the shop's zone."""

ROOT_URLCONF = "jifen.service.urls"
MIDDLEWARE = [
    "jifen.service.serving.requests.LoggedRequests",
    "django.middleware.security.SecurityMiddleware",
    "jifen.service.serving.requests.content_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src"
    " 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load and send: its own files, and nothing that stands in its text."""
TEMPLATES: list[dict[str, Any]] = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
"""Static files come from the package itself: nothing is collected anywhere first."""
LOGGING_CONFIG = None
"""Those who run a shop log as ``serving.logs`` says; other commands do not log."""
