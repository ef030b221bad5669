"""What is reached without a log-in, because the address itself is the proof: calendars and links out of our mails."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from messaging.services import calendar_feeds


@login_not_required
@never_cache
@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """An address that was never there and one that was revoked answer alike."""
    try:
        calendar = calendar_feeds.read_feed(secret)
    except calendar_feeds.NoFeedError:
        raise Http404 from None
    return HttpResponse(calendar, content_type="text/calendar; charset=utf-8")
