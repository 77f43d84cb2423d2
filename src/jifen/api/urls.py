"""All addresses of a shop: the API's, those for signing in, and behind them what machines and the status page ask."""

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path, re_path

from jifen.api.app import api
from jifen.api.books import router as books
from jifen.api.bundle import router as bundle
from jifen.api.connectors import incoming
from jifen.api.connectors import router as connections
from jifen.api.events import router as events
from jifen.api.explain import router as explanations
from jifen.api.hooks import router as hooks
from jifen.api.members import router as members
from jifen.api.moving import exports, imports
from jifen.api.network import router as networks
from jifen.api.plans import of_versions
from jifen.api.plans import router as plans
from jifen.api.programs import member_router as member_programs
from jifen.api.programs import router as programs
from jifen.api.runs import router as runs
from jifen.api.shop import router as shop
from jifen.api.staff import router as staff
from jifen.api.wallets import router as wallets
from jifen.api.wallets import withdrawals

__all__ = ["not_there", "urlpatterns"]

_ROUTERS = (
    ("/connections", connections),
    ("/incoming", incoming),
    ("/events", events),
    ("/export", exports),
    ("/export/bundle", bundle),
    ("/imports", imports),
    ("/members", books),
    ("/members", explanations),
    ("/members", members),
    ("/members", networks),
    ("/members", wallets),
    ("/plans", plans),
    ("/programs", programs),
    ("/programs", of_versions),
    ("", member_programs),
    ("/runs", runs),
    ("/shop", shop),
    ("/staff", staff),
    ("/webhooks", hooks),
    ("/withdrawals", withdrawals),
)

for prefix, router in _ROUTERS:
    api.add_router(prefix, router)


def not_there(request: HttpRequest) -> HttpResponse:
    """What allauth does by e-mail: an account here is a phone number."""
    raise Http404


urlpatterns = [
    path("api/v1/", api.urls),
    re_path("^_allauth/app/v1/(?:account/email|auth/email|auth/password|account/password)", not_there),
    path("_allauth/", include("allauth.headless.urls")),
    path("", include("jifen.service.urls")),
]
