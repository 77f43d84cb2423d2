"""The addresses of a shop."""

from django.urls import URLPattern, URLResolver, include, path

from jifen.service.serving.views import healthz, metrics, readyz

__all__ = ["urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("", include("jifen.service.status_urls")),
]
