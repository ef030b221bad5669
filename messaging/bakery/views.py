"""The bakery's pages. Each view reads its input, makes one call into a service and puts the answer into words.

No page is cached: phones are lent, and "back" must not show what belonged to somebody who has logged out.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from messaging.bakery import words
from messaging.bakery.asked import group_in
from messaging.bakery.banner_words import banner_for
from messaging.bakery.pages import Visit, render_page, user_of, visit_of
from messaging.bakery.permissions import for_the_owner
from messaging.bakery.setting_forms import (
    PROPOSED_QUIET_HOURS,
    MonthlyLimitForm,
    QuietHoursForm,
    SwitchForm,
)
from messaging.bakery.setting_words import change_line, notice_row
from messaging.services import (
    bakery_settings,
    overview,
    own_phones,
    switching,
    weekly_summary,
)
from messaging.services.obstacles import Standing
from tenants.models import Tenant
from tenants.phone_numbers import formatted, masked


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead everybody to their own place."""
    user = user_of(request)
    if user.is_staff:
        return redirect("admin:index")
    bakeries = list(Tenant.objects.visible_to(user).by_name())
    if len(bakeries) == 1:
        return redirect("bakery_settings", slug=bakeries[0].slug)
    return render(request, "messaging/bakery/choose.html", {"bakeries": bakeries})


@never_cache
@require_safe
def settings_page(request: HttpRequest, slug: str) -> HttpResponse:
    return render_settings(request, visit_of(request, slug))


def render_settings(request: HttpRequest, visit: Visit, **bound: Form) -> HttpResponse:
    """Render the first page; `bound` are its forms as somebody filled them in, in place of what is stored."""
    only = group_in(request.GET.get("show", ""))
    seen = overview.overview_of(visit.tenant, user=visit.user, only=only)
    sender, blocking = seen.standing.sender, seen.standing.obstacle_to_switching_on
    context = {
        "overview": seen,
        "sender_phone": formatted(sender.display_phone_number) if sender else "",
        "blocking": banner_for(blocking) if blocking else None,
        "last_sent_ago": words.ago(seen.last_sent_at) if seen.last_sent_at else "",
        "counts": [
            (group, seen.today[group], words.counted(group, seen.today[group]))
            for group in overview.Group
        ],
        "unresolved": words.lines_for(seen.unresolved[: overview.RECENT], blocked=seen.blocked),
        "lines": words.lines_for(seen.messages, blocked=seen.blocked),
        "only": words.COUNTED[only] if only else None,
        **_settings_of(visit, seen.standing),
        **bound,
    }
    return render_page(
        request, visit, "messaging/bakery/settings.html", context, standing=seen.standing
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_the_owner
def switch(request: HttpRequest, slug: str) -> HttpResponse:
    """POST turns the switch. GET asks what becomes of the waiting messages, when there are any."""
    visit = visit_of(request, slug)
    if request.method == "POST":
        return _turn(request, visit)
    waiting = switching.waiting_count(visit.tenant)
    if not (waiting and visit.tenant.whatsapp_enabled and visit.is_owner):
        return redirect("bakery_settings", slug=slug)
    return render_page(request, visit, "messaging/bakery/switch_off.html", {"waiting": waiting})


def _settings_of(visit: Visit, standing: Standing) -> dict[str, Any]:
    tenant, own = visit.tenant, own_phones.own_phone_of(visit.user)
    limit = {"limit": tenant.own_monthly_limit}
    start, until = tenant.quiet_from, tenant.quiet_until
    if start is None:
        start, until = PROPOSED_QUIET_HOURS
    return {
        "offered": [
            notice_row(offered)
            for offered in bakery_settings.offered_notices(tenant, sender=standing.sender)
        ],
        "own_number": masked(own.phone) if own and own.is_verified else "",
        "quiet_form": QuietHoursForm(initial={"start": start, "until": until}),
        "limit_form": MonthlyLimitForm(initial=limit, cap=tenant.monthly_cap),
        "month_use": standing.month_use,
        "gets_weekly_summary": weekly_summary.gets_it(visit.user, tenant),
        "changes": [
            change_line(change)
            for change in bakery_settings.changes_of(tenant, user=visit.user, at_most=3)
        ],
    }


def _turn(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = SwitchForm(request.POST)
    if not form.is_valid():
        raise BadRequest("Not a form of ours.")
    tenant = visit.tenant
    try:
        if form.wants_on:
            switching.switch_on(tenant, by=visit.user)
            messages.success(request, _("WhatsApp notices are on: the next order will be sent."))
        else:
            done = switching.switch_off(tenant, by=visit.user, waiting=form.waiting_choice)
            messages.success(request, _switched_off(done))
    except switching.MessagesWaitingError:
        return redirect("bakery_switch", slug=tenant.slug)
    except switching.CannotSwitchOnError:
        messages.error(request, _("They stay off: what stands in the way is said below."))
    return redirect("bakery_settings", slug=tenant.slug)


def _switched_off(done: switching.SwitchedOff) -> str:
    said = [_("WhatsApp notices are off: nothing new will be sent.")]
    if done.cancelled:
        cancelled = ngettext(
            "%(count)d waiting notice was cancelled.",
            "%(count)d waiting notices were cancelled.",
            done.cancelled,
        )
        said.append(cancelled % {"count": done.cancelled})
    if done.still_waiting:
        left = ngettext(
            "%(count)d waiting notice still goes out.",
            "%(count)d waiting notices still go out.",
            done.still_waiting,
        )
        said.append(left % {"count": done.still_waiting})
    return " ".join(said)
