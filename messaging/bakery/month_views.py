"""A bakery's month: what was sent, what became of it, what it costs; as a page and as a file."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from messaging import money
from messaging.bakery import words
from messaging.bakery.asked import TESTS
from messaging.bakery.month_words import (
    cost_lines,
    cost_notes,
    cost_words,
    file_lines,
    month_words,
)
from messaging.bakery.pages import render_page, visit_of
from messaging.csv_files import csv_answer
from messaging.months import Month, NoMonthError
from messaging.services import costs, statements
from messaging.services.overview import Group

_COUNTED = (Group.SENT, Group.DELIVERED, Group.READ, Group.FAILED)


@never_cache
@require_safe
def month_page(request: HttpRequest, slug: str) -> HttpResponse:
    visit = visit_of(request, slug)
    first, now = costs.first_month(visit.tenant), Month.current()
    month = _month(request, first=first, last=now)
    report = costs.bakery_month(month, tenant=visit.tenant)
    lists = reverse("bakery_messages", args=[slug])
    context = {
        "month": month,
        "title": month_words(month),
        "is_now": month == now,
        "before": (month.previous, month_words(month.previous)) if month > first else None,
        "after": (month.next, month_words(month.next)) if month < now else None,
        "counts": [
            (
                f"{lists}?status={group.value}&month={month}",
                money.number(getattr(report.notices, group.value)),
                words.counted(group, getattr(report.notices, group.value)),
            )
            for group in _COUNTED
        ],
        "trials": report.totals.trials,
        "trials_url": f"{lists}?status={TESTS}&month={month}",
        "cost": cost_words(report.totals),
        "lines": cost_lines(report.lines),
        "notes": cost_notes(report.totals),
        "counted_at": report.counted_at,
    }
    return render_page(request, visit, "messaging/bakery/month.html", context)


@never_cache
@require_safe
def month_file(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    visit = visit_of(request, slug)
    month = _month(request, first=costs.first_month(visit.tenant), last=Month.current())
    lines = file_lines(statements.priced_messages(month, tenant=visit.tenant))
    zone = ZoneInfo(visit.tenant.time_zone)
    return csv_answer(lines, name=f"whatsapp-{month}-{slug}.csv", zone=zone)


def _month(request: HttpRequest, *, first: Month, last: Month) -> Month:
    """Return the asked month, the last unless another is named. Raises Http404 for one outside of these."""
    try:
        month = Month.parse(request.GET.get("month", "") or str(last))
    except NoMonthError:
        raise Http404 from None
    if not first <= month <= last:
        raise Http404
    return month
