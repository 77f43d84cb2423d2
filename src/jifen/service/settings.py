"""Django's settings module: all of it comes from ``environment``."""

import os
from typing import Any

from jifen.service.environment import database_of, read_settings

__all__ = [
    "ACCOUNT_ADAPTER", "ACCOUNT_EMAIL_VERIFICATION", "ACCOUNT_LOGIN_BY_CODE_ENABLED",
    "ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS", "ACCOUNT_LOGIN_METHODS",
    "ACCOUNT_PHONE_VERIFICATION_MAX_ATTEMPTS", "ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND", "ACCOUNT_RATE_LIMITS",
    "ACCOUNT_SIGNUP_FIELDS", "ACCOUNT_SIGNUP_FORM_CLASS", "ACCOUNT_USER_MODEL_EMAIL_FIELD",
    "ACCOUNT_USER_MODEL_USERNAME_FIELD", "ALLAUTH_USER_CODE_FORMAT", "ALLOWED_HOSTS", "AUTHENTICATION_BACKENDS",
    "AUTH_PASSWORD_VALIDATORS", "AUTH_USER_MODEL", "CACHES", "CONTENT_POLICY", "DATABASES", "DATABASE_ROUTERS",
    "DEBUG", "EMAIL_BACKEND", "HEADLESS_CLIENTS", "HEADLESS_FRONTEND_URLS", "HEADLESS_ONLY", "INSTALLED_APPS",
    "LOGGING_CONFIG", "MFA_ADAPTER", "MFA_SUPPORTED_TYPES", "MFA_TOTP_ISSUER", "MIDDLEWARE", "ROOT_URLCONF",
    "SECRET_KEY", "SECRET_KEY_FALLBACKS", "SESSION_ENGINE", "SETTINGS", "STATIC_URL", "TEMPLATES", "TIME_ZONE",
    "USE_TZ", "WHITENOISE_USE_FINDERS",
]  # fmt: skip

SETTINGS = read_settings(os.environ)
"""What the environment said."""

DEBUG = False
"""A page that explains a mistake to whoever asks would show members' data, so it cannot be had by any setting."""
SECRET_KEY = SETTINGS.secret_key
SECRET_KEY_FALLBACKS = list(SETTINGS.secret_keys_old)
ALLOWED_HOSTS = list(SETTINGS.hosts)
DATABASES = {"default": {**database_of(SETTINGS.database_url), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
DATABASE_ROUTERS = ["jifen.service.current.CurrentShop"]
INSTALLED_APPS = [
    "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "django.contrib.staticfiles",
    "allauth", "allauth.account", "allauth.mfa", "allauth.headless", "simple_history", "jifen.service",
    "jifen.service.members", "jifen.service.staff", "jifen.service.wallets", "jifen.service.programs",
    "jifen.service.hooks", "jifen.service.connectors", "jifen.service.moving", "jifen.service.bundle",
]  # fmt: skip
AUTH_USER_MODEL = "members.Account"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_USER_MODEL_USERNAME_FIELD = "code"
ACCOUNT_ADAPTER = "jifen.service.sign_in.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"phone"}
ACCOUNT_SIGNUP_FIELDS = ["phone*"]
"""No password: it would be hashed for a new number only, and how long that takes would tell which are known."""
ACCOUNT_SIGNUP_FORM_CLASS = "jifen.service.sign_in.forms.Joining"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_PHONE_VERIFICATION_MAX_ATTEMPTS = ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
"""A code for signing in is asked for anew: allauth's resending fails for an unknown number, and so would tell it."""
ACCOUNT_EMAIL_VERIFICATION = "none"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
ACCOUNT_RATE_LIMITS = {
    "signup": "30/m/ip", "verify_phone": "1/30s/key,10/d/key,30/m/ip",
    "request_login_code": "30/m/ip,1/30s/key,10/d/key",
}  # fmt: skip
"""A code costs money, and an unasked one is a nuisance: so few to one number."""
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
SESSION_ENGINE = "jifen.service.members.sessions"
HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("app",)
HEADLESS_FRONTEND_URLS: dict[str, str] = {}
MFA_ADAPTER = "jifen.service.sign_in.adapter.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "jifen"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(SETTINGS.var / "cache"), "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}  # fmt: skip
"""Counts of attempts, for all processes of the machine."""
USE_TZ = True
TIME_ZONE = "UTC"
"""Times of day are the machine's own affair; business days are those of the shop's zone."""

ROOT_URLCONF = "jifen.api.urls"
MIDDLEWARE = [
    "jifen.service.serving.requests.LoggedRequests",
    "jifen.api.answers.Answers",
    "django.middleware.security.SecurityMiddleware",
    "jifen.service.serving.requests.content_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
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
