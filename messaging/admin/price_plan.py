"""The preview of an import: what it shows, and how it travels to the browser and back unaltered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.utils.translation import gettext as _

from messaging import money
from messaging.admin.cost_words import day_words, tier_words
from messaging.models import PriceCategory
from messaging.services.market_words import market_name
from messaging.services.price_import import Effect, Plan, PlanLine
from messaging.services.rate_card import CardRate, LineProblem, RateCard
from tenants.display import BUSY, CAUTION, GOOD, NEUTRAL, badge

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

_SALT = "price-plan"
# A preview is for looking at, not for keeping.
_MAX_AGE_S = 3600


def pack(
    rates: Sequence[CardRate], *, valid_from: date, is_confirmed: bool, source: str, digest: str
) -> str:
    """Sign what was looked at, so that the form that saves it carries it and nobody alters it."""
    rows = [asdict(rate) | {"amount": str(rate.amount)} for rate in rates]
    content = [rows, valid_from.isoformat(), is_confirmed, source, digest]
    return signing.dumps(content, salt=_SALT, compress=True)


def unpack(packed: str) -> dict[str, Any]:
    """Return the arguments of `save_import`. Raises signing.BadSignature, also when an hour has passed."""
    rows, valid_from, is_confirmed, source, digest = signing.loads(
        packed, salt=_SALT, max_age=_MAX_AGE_S
    )
    return {
        "rates": [CardRate(**(row | {"amount": Decimal(row["amount"])})) for row in rows],
        "valid_from": date.fromisoformat(valid_from),
        "is_confirmed": is_confirmed,
        "source": source,
        "digest": digest,
    }


@dataclass(frozen=True, slots=True)
class PlannedPrice:
    state: SafeString
    market: str
    category: str
    tier: str
    price: str
    before: str


@dataclass(frozen=True, slots=True)
class PlanPage:
    since: str
    summary: str
    ends: int
    source: str
    is_confirmed: bool
    changes_nothing: bool
    prices: list[PlannedPrice]
    left_out: list[LineProblem]


def plan_page(plan: Plan, card: RateCard | None) -> PlanPage:
    summary = _("%(new)d new, %(changed)d changed, %(same)d as before") % {
        "new": plan.count(Effect.NEW),
        "changed": plan.count(Effect.CHANGED),
        "same": plan.count(Effect.SAME),
    }
    # What changes is looked at first.
    lines = sorted(plan.lines, key=lambda line: line.effect == Effect.SAME)
    return PlanPage(
        since=day_words(plan.valid_from),
        summary=summary,
        ends=len(plan.ends),
        source=plan.source,
        is_confirmed=plan.is_confirmed,
        changes_nothing=plan.changes_nothing,
        prices=[_planned(line, is_confirmed=plan.is_confirmed) for line in lines],
        left_out=card.left_out if card else [],
    )


def _planned(line: PlanLine, *, is_confirmed: bool) -> PlannedPrice:
    looks = {
        Effect.NEW: (_("new"), BUSY, "add_circle"),
        Effect.CHANGED: (_("changed"), CAUTION, "change_circle"),
        Effect.SAME: (_("as before"), NEUTRAL, "check"),
    }
    word, tone, icon = looks[line.effect]
    is_other = line.before is not None and line.before != line.amount
    if line.effect == Effect.CHANGED and not is_other and is_confirmed:
        word, tone, icon = _("confirmed"), GOOD, "verified"
    return PlannedPrice(
        state=badge(word, icon=icon, tone=tone),
        market=market_name(line.market),
        category=str(PriceCategory(line.category).label),
        tier=tier_words(line.volume_from, line.volume_to),
        price=money.price(line.amount, line.currency),
        before=money.price(line.before, line.currency)
        if is_other and line.before is not None
        else "",
    )
