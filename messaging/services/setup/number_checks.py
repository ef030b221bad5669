"""Steps 3, 5, 9 and 10 of the guide: numbers, the template, who has which number, quality."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from messaging.models import MessageTemplate
from messaging.services.setup.outcomes import (
    NotReadyError,
    Outcome,
    by_hand,
    done,
    needs_you,
    waiting,
)
from messaging.services.setup.reading import Reading
from tenants.display import UNRATED
from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant

TEMPLATE = "po_notification"
_VERIFIED, _CONNECTED, _GREEN = "VERIFIED", "CONNECTED", "GREEN"
_NAMES_SHOWN = 5


def numbers(reading: Reading) -> Outcome:
    """Those in use verified and connected, one of them the default, and enough of them; spare ones may still be on their way."""
    found = reading.numbers()
    ready = [number for number in found if _is_verified(number) and _is_connected(number)]
    bakeries = _bakeries().count()
    facts = {
        "total": len(found),
        "ready": len(ready),
        "bakeries": bakeries,
        "cap": reading.account.max_phone_numbers,
        "spare": _last_digits([number for number in found if number not in ready]),
    }
    if not found:
        return needs_you("numbers_missing", **facts)
    # Missing numbers are looked for among those that are only not ready yet.
    missed = _in_use(found) if len(ready) >= bakeries else found
    if unverified := [number for number in missed if not _is_verified(number)]:
        return needs_you("numbers_unverified", numbers=_last_digits(unverified), **facts)
    if off := [number for number in missed if not _is_connected(number)]:
        return needs_you("numbers_off", numbers=_last_digits(off), **facts)
    if not any(number.is_default for number in found):
        return needs_you("numbers_no_default", **facts)
    if len(ready) < bakeries:
        return by_hand("numbers_few", extent=bakeries - len(ready), **facts)
    return done("numbers_verified", **facts)


def _is_verified(number: PhoneNumber) -> bool:
    return number.code_verification_status == _VERIFIED


def _is_connected(number: PhoneNumber) -> bool:
    return number.status in ("", _CONNECTED)


def _in_use(numbers: list[PhoneNumber]) -> list[PhoneNumber]:
    """Return those that send: the default one and those of bakeries."""
    spare = set(PhoneNumber.objects.spare().values_list("pk", flat=True))
    return [number for number in numbers if number.pk not in spare]


def template(reading: Reading) -> Outcome:
    """The guide's template in any language: one that can be sent is enough."""
    found = reading.templates(TEMPLATE)
    if not found:
        return needs_you("template_missing")
    best = min(found, key=_rank)
    facts = {
        "language": best.language,
        "status": best.status,
        "category": best.category,
        "reason": best.rejected_reason,
        "template": best.pk,
    }
    if best.is_sendable:
        return done("template_approved", **facts)
    if best.status in ("PENDING", "IN_APPEAL"):
        return waiting("template_in_review", **facts)
    if best.status == "REJECTED":
        return needs_you("template_rejected", **facts)
    return needs_you("template_stopped", **facts)


def _rank(row: MessageTemplate) -> tuple[int, str]:
    order = ("APPROVED", "PENDING", "IN_APPEAL", "REJECTED")
    place = order.index(row.status) if row.status in order else len(order)
    return (place if row.is_sendable or row.status != "APPROVED" else len(order)), row.language


def assigned(reading: Reading) -> Outcome:
    """Who sends from the default number has none of its own, which only a person knows to be meant so."""
    bakeries = _bakeries()
    total = bakeries.count()
    if not total:
        return needs_you("bakeries_missing")
    own = PhoneNumberAssignment.objects.open().filter(is_primary=True).values("tenant")
    without = list(
        bakeries.exclude(pk__in=own).order_by("name", "id").values_list("name", flat=True)
    )
    facts = {"bakeries": total, "without": len(without), "names": without[:_NAMES_SHOWN]}
    if without and not PhoneNumber.objects.default().exists():
        return needs_you("bakeries_without", **facts)
    if without:
        return by_hand("bakeries_share", extent=len(without), **facts)
    return done("bakeries_assigned", **facts)


def quality(reading: Reading) -> Outcome:
    found = reading.numbers()
    if not found:
        raise NotReadyError("no_numbers")
    green = [number for number in found if number.quality_rating == _GREEN]
    unrated = [number for number in found if number.quality_rating in UNRATED]
    low = [number for number in found if number not in green and number not in unrated]
    facts = {"green": len(green), "unrated": len(unrated)}
    if low:
        ratings = [f"{_last_digits([number])[0]} {number.quality_rating}" for number in low]
        return needs_you("quality_low", numbers=ratings, **facts)
    if not green:
        return waiting("quality_unrated", **facts)
    return done("quality_green", **facts)


def _bakeries() -> QuerySet[Tenant]:
    return Tenant.objects.exclude(Q(suspended_until__gt=timezone.now()))


def _last_digits(numbers: list[PhoneNumber]) -> list[str]:
    """Name numbers without telling them: facts end up in logs and commands' output."""
    return [
        f"…{(number.display_phone_number or number.phone_number_id)[-3:]}" for number in numbers
    ]
