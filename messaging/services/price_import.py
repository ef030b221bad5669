"""Putting a rate card into the price book: seen before it is saved, saved whole or not at all, harmless to repeat."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

import structlog
from django.db import connection, transaction
from django.utils import timezone

from messaging.graph_api.known_rates import known_rates
from messaging.models import PriceRate
from messaging.models.price_rate import PriceRateQuerySet
from messaging.services.rate_card import CardRate
from tenants.audit import record_made, update_logged

log = structlog.get_logger(__name__)

_Key = tuple[str, str, str]


class Effect(StrEnum):
    """What saving does to one price."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


class PlanChangedError(Exception):
    """Somebody changed the price book after the plan was looked at; nothing was saved."""


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One price as it will be; `before` is the one it takes the place of, None where there was none."""

    effect: Effect
    market: str
    category: str
    currency: str
    amount: Decimal
    volume_from: int
    volume_to: int | None
    before: Decimal | None


@dataclass(slots=True)
class Plan:
    """What saving would do. `ends` are prices that stop on the day the new ones begin."""

    valid_from: date
    is_confirmed: bool
    source: str
    lines: list[PlanLine] = field(default_factory=list)
    ends: list[PriceRate] = field(default_factory=list)

    def count(self, effect: Effect) -> int:
        return sum(line.effect == effect for line in self.lines)

    @property
    def changes_nothing(self) -> bool:
        return self.count(Effect.SAME) == len(self.lines)

    @property
    def digest(self) -> str:
        """Tells one plan from another, so that what is saved is what was looked at."""
        text = repr(
            (self.valid_from, self.is_confirmed, self.lines, [rate.pk for rate in self.ends])
        )
        return hashlib.sha256(text.encode()).hexdigest()


def plan_import(
    rates: Sequence[CardRate], *, valid_from: date, is_confirmed: bool, source: str
) -> Plan:
    """Compare a card's rates with the price book; writes nothing."""
    plan = Plan(valid_from, is_confirmed, source)
    for key, wanted in _by_key(rates).items():
        standing = list(_of_key(key))
        replaced = [rate for rate in standing if rate.valid_from == valid_from]
        ended = [
            rate for rate in standing if rate.valid_from < valid_from < (rate.valid_to or date.max)
        ]
        is_same = _is_same(wanted, replaced, is_confirmed=is_confirmed)
        if not is_same:
            plan.ends += ended
        plan.lines += [_line(rate, replaced or ended, is_same=is_same) for rate in wanted]
    return plan


def save_import(
    rates: Sequence[CardRate],
    *,
    valid_from: date,
    is_confirmed: bool,
    source: str,
    digest: str | None = None,
) -> Plan:
    """Save a card, all of it or nothing. With the `digest` of a plan raises PlanChangedError when it is no longer so."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Readers go on; two imports, or an import and an edit, wait for each other.
            cursor.execute("LOCK TABLE messaging_pricerate IN SHARE ROW EXCLUSIVE MODE")
        plan = plan_import(rates, valid_from=valid_from, is_confirmed=is_confirmed, source=source)
        if digest is not None and plan.digest != digest:
            raise PlanChangedError
        same = {
            (line.market, line.category, line.currency)
            for line in plan.lines
            if line.effect == Effect.SAME
        }
        for key, wanted in _by_key(rates).items():
            if key not in same:
                _write(key, wanted, plan)
    log.info(
        "Prices entered",
        valid_from=valid_from.isoformat(),
        new=plan.count(Effect.NEW),
        changed=plan.count(Effect.CHANGED),
        same=plan.count(Effect.SAME),
    )
    return plan


def enter_known_rates() -> int:
    """Enter the shipped rates again where the price book has nothing of their market, category and currency."""
    entered = 0
    with transaction.atomic():
        for known in known_rates():
            key = (known.market, known.category, known.currency)
            if not _of_key(key).exists():
                PriceRate.objects.create(
                    market=known.market,
                    category=known.category,
                    currency=known.currency,
                    amount=known.amount,
                    valid_from=known.valid_from,
                    valid_to=known.valid_to,
                    source=known.source,
                )
                entered += 1
    return entered


def _write(key: _Key, wanted: list[CardRate], plan: Plan) -> None:
    standing = _of_key(key)
    later = standing.filter(valid_from__gt=plan.valid_from).order_by("valid_from", "id").first()
    # Where nothing follows, an end that was known before stays known.
    until = later.valid_from if later else _known_end(standing.valid_on(plan.valid_from))
    standing.filter(valid_from=plan.valid_from).delete()
    ending = standing.filter(valid_from__lt=plan.valid_from).valid_on(plan.valid_from)
    update_logged(ending, valid_to=plan.valid_from)
    now = timezone.now()
    made = PriceRate.objects.bulk_create(
        PriceRate(
            market=rate.market,
            category=rate.category,
            currency=rate.currency,
            amount=rate.amount,
            volume_from=rate.volume_from,
            volume_to=rate.volume_to,
            valid_from=plan.valid_from,
            valid_to=until,
            is_confirmed=plan.is_confirmed,
            source=plan.source,
            imported_at=now,
        )
        for rate in wanted
    )
    record_made(made)


def _known_end(rates: PriceRateQuerySet) -> date | None:
    ends = rates.values_list("valid_to", flat=True)
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) and known else None


def _by_key(rates: Iterable[CardRate]) -> dict[_Key, list[CardRate]]:
    found: dict[_Key, list[CardRate]] = defaultdict(list)
    for rate in rates:
        found[rate.market, rate.category, rate.currency].append(rate)
    return found


def _of_key(key: _Key) -> PriceRateQuerySet:
    market, category, currency = key
    return PriceRate.objects.filter(market=market, category=category, currency=currency)


def _is_same(wanted: list[CardRate], standing: list[PriceRate], *, is_confirmed: bool) -> bool:
    def sort(rates: Iterable[CardRate | PriceRate]) -> list[tuple[int, int | None, Decimal]]:
        return sorted((rate.volume_from, rate.volume_to, rate.amount) for rate in rates)

    return sort(wanted) == sort(standing) and all(
        rate.is_confirmed == is_confirmed for rate in standing
    )


def _line(rate: CardRate, standing: list[PriceRate], *, is_same: bool) -> PlanLine:
    rival = next((known for known in standing if known.volume_from == rate.volume_from), None)
    effect = Effect.SAME if is_same else Effect.CHANGED if rival else Effect.NEW
    return PlanLine(
        effect=effect,
        market=rate.market,
        category=rate.category,
        currency=rate.currency,
        amount=rate.amount,
        volume_from=rate.volume_from,
        volume_to=rate.volume_to,
        before=rival.amount if rival else None,
    )
