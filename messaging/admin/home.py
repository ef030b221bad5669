"""The admin's first page: is it sending, what waits, what came in, how the days go. Every number leads to its list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.admin import home_charts, home_tiles
from messaging.admin.alert import lines_of
from messaging.admin.home_tiles import Tile
from messaging.admin.pages import event_look, setup_progress
from messaging.models import Alert
from messaging.services import costs, limits
from messaging.services.latency import latency
from messaging.services.pulse import pulse
from messaging.statuses import MessageStatus
from tenants.display import list_url
from tenants.models import Tenant
from tenants.services.number_use import number_use

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.http import HttpRequest

    from messaging.services.limits import Usage
    from tenants.models import WhatsAppBusinessAccount

_ALERTS_SHOWN = 8
_DAYS = 14
# Whom the limit, its shares and the tile speak of: hundreds of bakeries, few columns.
_OF_TENANTS = ("name", "whatsapp_enabled", "guaranteed_recipients", "suspended_until")


@dataclass(frozen=True, slots=True)
class Share:
    """How many people one bakery reached of the portfolio's limit, and how many are kept free for it."""

    bakery: str
    url: str
    used: int
    guaranteed: int


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    now = timezone.now()
    account: WhatsAppBusinessAccount | None = context["whatsapp_account"]
    use = number_use(account)
    tenants = list(Tenant.objects.only(*_OF_TENANTS))
    usage = (
        limits.usage_of(account, numbers=use.numbers, tenants=tenants)
        if account and use.numbers
        else None
    )
    in_month, days = costs.month_and_recent_days(_DAYS)
    times = latency(since=days[0].day, until=days[-1].day)
    alerts = list(Alert.objects.open().newest_first())
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    beat = pulse(since=midnight)
    context.update(
        title=_("Home"),
        tiles=[
            home_tiles.line(account, context["halted_line"]),
            home_tiles.queue(beat.waiting, beat.oldest, now),
            home_tiles.alerts(len(alerts)),
            *([home_tiles.limit(usage)] if account and use.numbers else []),
            home_tiles.quality(use.numbers),
            home_tiles.token(account, now),
            home_tiles.graph_version(now),
            home_tiles.webhooks(now),
            home_tiles.delivery(times.lately),
            home_tiles.month(in_month),
            home_tiles.numbers(use),
            home_tiles.bakeries(tenants),
        ],
        setup=setup_progress(request)
        if request.user.has_perm("messaging.view_setupcheck")
        else None,
        today=_today(beat.today),
        alerts=lines_of(alerts[:_ALERTS_SHOWN], numbers=[*use.numbers, *use.gone]),
        shares=_shares(usage, tenants),
        charts=home_charts.charts_of(days, times.by_day),
    )
    return context


def _today(counts: Mapping[str, int]) -> list[Tile]:
    tiles = []
    for status in MessageStatus:
        if counts.get(status):
            tone, icon = event_look(status)
            url = list_url("messaging_message", when="today", status=status)
            tiles.append(Tile(str(status.label), str(counts[status]), "", url, icon, tone))
    return tiles


def _shares(usage: Usage | None, tenants: Sequence[Tenant]) -> list[Share]:
    """Each bakery's part of the limit, the largest first; without a limit there are no parts."""
    if usage is None or usage.usable is None:
        return []
    rows = [
        Share(
            tenant.name,
            list_url("messaging_message", tenant=tenant.pk, when="day"),
            usage.per_tenant[tenant.pk],
            tenant.guaranteed_recipients,
        )
        for tenant in tenants
        if tenant.pk in usage.per_tenant
    ]
    return sorted(rows, key=lambda row: (-row.used, row.bakery))
