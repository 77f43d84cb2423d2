"""The addresses of the status page."""

from django.urls import path, re_path

from jifen.service.status.views import chart, member, members, overview

__all__ = ["urlpatterns"]

urlpatterns = [
    path("", overview, name="overview"),
    path("members", members, name="members"),
    path("members/<path:name>", member, name="member"),
    re_path(r"^charts/(?P<name>[a-z]+)-(?P<width>wide|narrow)-(?P<tone>light|dark)\.svg$", chart, name="chart"),
]
