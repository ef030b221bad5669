"""The home's tiles: each one fact, what it means, and where its rows are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging import money
from messaging.graph_api.versions import version_problem
from messaging.models import WebhookDelivery
from messaging.services import refusals
from messaging.statuses import MessageStatus
from tenants.display import BAD, BUSY, CAUTION, GOOD, NEUTRAL, UNRATED, list_url
from tenants.models import WhatsAppBusinessAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from messaging.admin.banner import HaltedLine
    from messaging.services.costs import Totals
    from messaging.services.latency import DeliveryTimes
    from messaging.services.limits import Usage
    from tenants.models import PhoneNumber, Tenant
    from tenants.services.number_use import NumberUse

# Waiting longer than this while the line is open means that no worker takes the messages.
_WAITS_LONG = timedelta(minutes=2)
# A 60-day token cannot be renewed any more once it has ended (System user tokens, read 2026-11-22).
_TOKEN_SOON = timedelta(days=15)
_ACCOUNTS = "tenants_whatsappbusinessaccount"


@dataclass(frozen=True, slots=True)
class Tile:
    """One fact: what it is about, the fact, what it means, and where its rows are."""

    label: str
    value: str
    note: str
    url: str
    icon: str
    tone: str = NEUTRAL
    at: datetime | None = None


def line(account: WhatsAppBusinessAccount | None, halted: HaltedLine | None) -> Tile:
    url, label = list_url(_ACCOUNTS), _("Sending")
    if account is None:
        return Tile(label, _("no account"), _("Add the account to begin."), url, "error", BAD)
    if halted is not None:
        icon, tone = ("error", BAD) if halted.is_fault else ("pause_circle", CAUTION)
        note = _("The line above says why.")
        return Tile(label, halted.state, note, halted.url or url, icon, tone)
    return Tile(label, _("on"), account.name or account.waba_id, url, "check_circle", GOOD)


def queue(count: int, oldest: datetime | None, now: datetime) -> Tile:
    url = list_url("messaging_message", status=MessageStatus.QUEUED)
    if oldest is None:
        return Tile(_("Waiting"), "0", _("Nothing waits."), url, "schedule", GOOD)
    is_late = oldest < now - _WAITS_LONG
    note = (
        _("none is due yet")
        if oldest > now
        else _("the oldest for %(age)s") % {"age": timesince(oldest, now)}
    )
    tone = CAUTION if is_late else BUSY
    return Tile(_("Waiting"), money.number(count), note, url, "schedule", tone)


def limit(usage: Usage | None) -> Tile:
    """How many people all bakeries together reached, against what Meta allows."""
    label, url = _("Recipients in 24 hours"), list_url("messaging_message", when="day")
    if usage is None:
        return Tile(label, "?", _("Redis did not answer."), url, "groups", CAUTION)
    if usage.limit is None or usage.usable is None:
        return Tile(label, _("no limit"), _("Meta sets none any more."), url, "groups", GOOD)
    value = _("%(used)s of %(total)s") % {
        "used": money.number(usage.used),
        "total": money.number(usage.limit),
    }
    if usage.forecast_at is None:
        # The rest is a margin, for what happens beyond the limit is unpublished.
        note = _("over all bakeries; we use %(usable)s") % {"usable": money.number(usage.usable)}
        return Tile(label, value, note, url, "groups", GOOD)
    if usage.used >= usage.usable:
        return Tile(label, value, _("New recipients wait."), url, "groups", BAD)
    clock = date_format(timezone.localtime(usage.forecast_at), "TIME_FORMAT")
    note = _("used up about %(time)s at this pace") % {"time": clock}
    return Tile(label, value, note, url, "groups", CAUTION)


def numbers(use: NumberUse) -> Tile:
    spare = len(use.spare)
    note = ngettext("%(count)d spare", "%(count)d spare", spare) % {"count": spare}
    if use.default is None:
        note = _("no default number")
    return Tile(
        _("Numbers used"),
        _("%(used)d of %(total)d") % {"used": use.used, "total": use.total},
        note,
        list_url("tenants_phonenumber"),
        "call",
        NEUTRAL if use.default else CAUTION,
    )


def quality(rows: Sequence[PhoneNumber]) -> Tile:
    """Meta's ratings, the worst first; its own words, as on the page of the numbers."""
    label, icon = _("Numbers by quality"), "speed"
    counts = Counter(number.quality_rating for number in rows)
    unrated = sum(counts.pop(word, 0) for word in UNRATED)
    rated = [f"{counts[word]} {word}" for word in ("RED", "YELLOW", "GREEN") if counts[word]]
    note = ngettext("%(count)d not rated yet", "%(count)d not rated yet", unrated)
    note = note % {"count": unrated} if unrated else _("all rated")
    value = " · ".join(rated) or "–"
    if counts["RED"] or counts["YELLOW"]:
        url = list_url("tenants_phonenumber", quality="low")
        return Tile(label, value, note, url, icon, BAD if counts["RED"] else CAUTION)
    tone = GOOD if rated else NEUTRAL
    return Tile(label, value, note, list_url("tenants_phonenumber"), icon, tone)


def token(account: WhatsAppBusinessAccount | None, now: datetime) -> Tile:
    label, url, icon = _("Access token"), reverse("admin:messaging_tokenrotation_page"), "key"
    if account is None:
        return Tile(label, "–", _("no account"), url, icon)
    if account.token_expires_at:
        left = account.token_expires_at - now
        days = max(0, left.days)
        value = ngettext("%(count)d day left", "%(count)d days left", days) % {"count": days}
        if left < _TOKEN_SOON:
            return Tile(label, value, _("Replace it before it ends."), url, icon, BAD)
        return Tile(label, value, _("It ends by itself."), url, icon, GOOD)
    if account.token_issued_at is None:
        return Tile(label, "–", _("Its age is not known yet."), url, icon)
    left_days = settings.WHATSAPP_TOKEN_ALARM_DAYS - (now - account.token_issued_at).days
    if left_days <= 0:
        return Tile(label, _("overdue"), _("It should have been replaced."), url, icon, BAD)
    value = ngettext("%(count)d day left", "%(count)d days left", left_days) % {"count": left_days}
    is_due = left_days <= settings.WHATSAPP_TOKEN_ALARM_DAYS - settings.WHATSAPP_TOKEN_REMIND_DAYS
    return Tile(
        label, value, _("until it is to be replaced"), url, icon, CAUTION if is_due else GOOD
    )


def graph_version(now: datetime) -> Tile:
    label, url, icon = _("Graph version"), reverse("admin:messaging_calendarfeed_dates"), "api"
    version = settings.WHATSAPP_API_VERSION
    problem = version_problem(version, today=now.date())
    if problem is None:
        return Tile(label, version, _("fine"), url, icon, GOOD)
    if problem.kind == "unknown" or problem.usable_until is None:
        return Tile(label, version, _("We do not know this version."), url, icon, CAUTION)
    until = {"day": date_format(problem.usable_until, "SHORT_DATE_FORMAT")}
    if problem.kind == "expired":
        return Tile(label, version, _("expired on %(day)s") % until, url, icon, BAD)
    return Tile(label, version, _("expires on %(day)s") % until, url, icon, CAUTION)


def webhooks(now: datetime) -> Tile:
    url, label, icon = list_url("messaging_webhookdelivery"), _("Last webhook"), "webhook"
    waiting = WebhookDelivery.objects.waiting()
    last = (
        WebhookDelivery.objects.newest_first()
        .annotate(some_wait=Exists(waiting.exclude(pk=OuterRef("pk")).order_by()))
        .values("received_at", "processed_at", "some_wait")
        .first()
    )
    refused = _refused(now)
    note = _refused_words(refused)
    if last is None:
        note = note if refused else _("Meta has not called our webhook.")
        return Tile(label, _("none yet"), note, url, icon, CAUTION)
    if last["some_wait"]:
        waiting_note = _("some are to be applied")
        note = f"{waiting_note} · {note}"
    received_at = last["received_at"]
    value = _("%(age)s ago") % {"age": timesince(received_at, now, depth=1)}
    if now - received_at < timedelta(minutes=1):
        value = _("just now")
    tone = CAUTION if refused != 0 else BUSY if last["some_wait"] else GOOD
    return Tile(label, value, note, url, icon, tone, at=received_at)


def _refused(now: datetime) -> int | None:
    """How many signatures were wrong; None while Redis, which counts them, does not answer."""
    try:
        return sum(refusal.count for refusal in refusals.refusals(now - timedelta(hours=24)))
    except redis.RedisError:
        return None


def _refused_words(refused: int | None) -> str:
    if refused is None:
        return _("refusals unknown: Redis did not answer")
    if not refused:
        return _("none refused in 24 hours")
    words = ngettext("%(count)d refused in 24 hours", "%(count)d refused in 24 hours", refused)
    return words % {"count": refused}


def delivery(times: DeliveryTimes | None) -> Tile:
    label, icon = _("Delivered within"), "timer"
    url = list_url("messaging_message", when="day")
    if times is None:
        return Tile(label, "–", _("None was delivered in 24 hours."), url, icon)
    half, most = (number_format(seconds, 1) for seconds in (times.p50_s, times.p95_s))
    value = _("%(half)s s · %(most)s s") % {"half": half, "most": most}
    return Tile(label, value, _("half of them · 95 of 100"), url, icon)


def month(totals: Totals) -> Tile:
    note = money.sums(totals.costs)
    if totals.estimated or totals.without_price:
        note = f"≈ {note}"
    url = list_url("messaging_dailyusage")
    return Tile(_("This month"), money.number(totals.sent), note, url, "euro_symbol")


def bakeries(tenants: Sequence[Tenant]) -> Tile:
    on = sum(tenant.whatsapp_enabled for tenant in tenants)
    return Tile(
        _("Bakeries"),
        str(len(tenants)),
        ngettext("%(count)d with WhatsApp on", "%(count)d with WhatsApp on", on) % {"count": on},
        list_url("tenants_tenant"),
        "storefront",
    )


def alerts(count: int) -> Tile:
    url = list_url("messaging_alert", state="open")
    if not count:
        return Tile(_("Alerts"), "0", _("Nothing to look at."), url, "notifications", GOOD)
    return Tile(_("Alerts"), str(count), _("What to do stands above."), url, "notifications", BAD)
