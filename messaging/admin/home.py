"""The admin's first page: is it sending, what waits, what came in, how today goes. Every number leads to its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.admin.alert import open_alerts
from messaging.admin.pages import event_look
from messaging.models import Message, WebhookDelivery
from messaging.services import limits
from messaging.statuses import MessageStatus
from tenants.display import BAD, BUSY, CAUTION, GOOD, NEUTRAL, list_url
from tenants.models import Tenant, WhatsAppBusinessAccount
from tenants.services.number_use import number_use

if TYPE_CHECKING:
    from django.http import HttpRequest

# Waiting longer than this while the line is open means that no worker takes the messages.
_WAITS_LONG = timedelta(minutes=2)
_ALERTS_SHOWN = 8


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


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    account = WhatsAppBusinessAccount.objects.order_by("id").first()
    context.update(
        title=_("Home"),
        tiles=[
            _line(account),
            _queue(now),
            *_limit(account),
            _numbers(account),
            _webhooks(now),
            _bakeries(),
        ],
        today=_today(now),
        alerts=open_alerts(limit=_ALERTS_SHOWN),
    )
    return context


def _line(account: WhatsAppBusinessAccount | None) -> Tile:
    url = list_url("tenants_whatsappbusinessaccount")
    label = _("Sending")
    if account is None:
        return Tile(label, _("no account"), _("Add the account to begin."), url, "error", BAD)
    if account.sending_stopped_at:
        return Tile(label, _("stopped"), _("The line above says why."), url, "error", BAD)
    if account.sending_paused_at:
        return Tile(label, _("paused"), _("New messages wait."), url, "pause_circle", CAUTION)
    return Tile(label, _("on"), account.name or account.waba_id, url, "check_circle", GOOD)


def _queue(now: datetime) -> Tile:
    waiting = Message.objects.queued().aggregate(count=Count("id"), oldest=Min("send_after"))
    url = list_url("messaging_message", status=MessageStatus.QUEUED)
    count, oldest = waiting["count"], waiting["oldest"]
    if not count:
        return Tile(_("Waiting"), "0", _("Nothing waits."), url, "schedule", GOOD)
    is_late = oldest < now - _WAITS_LONG
    note = (
        _("none is due yet")
        if oldest > now
        else _("the oldest for %(age)s") % {"age": timesince(oldest, now)}
    )
    return Tile(_("Waiting"), str(count), note, url, "schedule", CAUTION if is_late else BUSY)


def _limit(account: WhatsAppBusinessAccount | None) -> list[Tile]:
    """How many people all bakeries together reached, against what Meta allows."""
    if account is None or not account.phone_numbers.exists():
        return []
    label, url = _("Recipients in 24 hours"), list_url("tenants_phonenumber")
    usage = limits.usage(account)
    if usage is None:
        return [Tile(label, "?", _("Redis did not answer."), url, "groups", CAUTION)]
    if usage.usable is None:
        return [Tile(label, _("no limit"), _("Meta sets none any more."), url, "groups", GOOD)]
    value = _("%(used)d of %(total)d") % {"used": usage.used, "total": usage.usable}
    if usage.forecast_at is None:
        return [Tile(label, value, _("over all bakeries"), url, "groups", GOOD)]
    if usage.used >= usage.usable:
        return [Tile(label, value, _("New recipients wait."), url, "groups", BAD)]
    clock = date_format(timezone.localtime(usage.forecast_at), "TIME_FORMAT")
    note = _("used up about %(time)s at this pace") % {"time": clock}
    return [Tile(label, value, note, url, "groups", CAUTION)]


def _numbers(account: WhatsAppBusinessAccount | None) -> Tile:
    use = number_use(account)
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


def _webhooks(now: datetime) -> Tile:
    last = WebhookDelivery.objects.newest_first().only("received_at").first()
    url = list_url("messaging_webhookdelivery")
    label = _("Last webhook")
    if last is None:
        return Tile(
            label, _("none yet"), _("Meta has not called our webhook."), url, "webhook", CAUTION
        )
    waiting = WebhookDelivery.objects.waiting().count()
    note = _("all applied")
    if waiting:
        note = ngettext("%(count)d to be applied", "%(count)d to be applied", waiting) % {
            "count": waiting
        }
    value = _("%(age)s ago") % {"age": timesince(last.received_at, now, depth=1)}
    if now - last.received_at < timedelta(minutes=1):
        value = _("just now")
    return Tile(label, value, note, url, "webhook", BUSY if waiting else GOOD, at=last.received_at)


def _bakeries() -> Tile:
    on = Tenant.objects.filter(whatsapp_enabled=True).count()
    return Tile(
        _("Bakeries"),
        str(Tenant.objects.count()),
        ngettext("%(count)d with WhatsApp on", "%(count)d with WhatsApp on", on) % {"count": on},
        list_url("tenants_tenant"),
        "storefront",
    )


def _today(now: datetime) -> list[Tile]:
    """Count today's messages by state; the range of ids keeps this off the older millions."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    counted = Message.objects.created_between(after=midnight).values_list("status")
    counts = dict(counted.annotate(count=Count("id")).order_by())
    tiles = []
    for status in MessageStatus:
        if counts.get(status):
            tone, icon = event_look(status)
            url = list_url("messaging_message", when="today", status=status)
            tiles.append(Tile(str(status.label), str(counts[status]), "", url, icon, tone))
    return tiles
