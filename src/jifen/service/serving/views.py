"""What machines ask a shop: whether the process lives, whether the shop is ready, and its metrics."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from jifen.service.serving.health import not_ready
from jifen.service.serving.metrics import ShopMetrics, metrics_text

__all__ = ["healthz", "metrics", "readyz"]

_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")
"""Headers of a request that a proxy has passed on: then the address is the proxy's, and says nothing."""

_shop = ShopMetrics(settings.SETTINGS.var)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer: the process lives."""
    return JsonResponse({"alive": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when members can be served, else 503 with all that stands in the way."""
    overdue = timedelta(hours=settings.SETTINGS.close_overdue_hours)
    problems = not_ready(datetime.now(UTC), overdue)
    reasons = [{name: text for name, text in asdict(problem).items() if text} for problem in problems]
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer those who may read the figures of the shop: none of them is a member's."""
    if not _may_read(request):
        return HttpResponseForbidden("JIFEN_METRICS_FROM names who may read this\n", content_type="text/plain")
    return HttpResponse(metrics_text(_shop), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest) -> bool:
    if any(header in request.META for header in _FORWARDED):
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False  # a socket of the machine itself: a proxy's
    return any(address in network for network in settings.SETTINGS.metrics_from)
