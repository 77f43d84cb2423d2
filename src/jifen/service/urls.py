"""The addresses of a shop."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from jifen.service.serving.views import healthz, metrics, readyz

__all__ = ["urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]
if find_spec("jifen.service.status_urls"):
    urlpatterns.append(path("", include("jifen.service.status_urls")))
