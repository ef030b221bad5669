"""Sending numbers as Meta describes them."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog
from django.db import transaction
from django.utils import timezone

from messaging.graph_api.client import PhoneNumberFacts
from messaging.graph_api.number_calls import HealthFacts
from messaging.services.accounts import current_account
from messaging.services.graph import graph_api_for
from messaging.services.number_quality import note_quality
from messaging.services.spare_numbers import watch_spare_numbers
from tenants import phone_numbers
from tenants.models import NumberSetup, PhoneNumber, WhatsAppBusinessAccount

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync changed; each line names one row. `gone` are rows that Meta no longer lists: they are kept."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def sync_phone_numbers() -> SyncResult:
    """Read all numbers of the account from Meta. Raises GraphApiError and NoAccountError; then nothing is changed."""
    account = current_account()
    api = graph_api_for(account)
    facts, health = api.phone_numbers(account.waba_id), api.health_of_numbers(account.waba_id)
    result = SyncResult()
    with transaction.atomic():
        for number in facts:
            _store(account, number, result)
            _keep_health(health.get(number.phone_number_id), number.phone_number_id)
        listed = [number.phone_number_id for number in facts]
        gone = PhoneNumber.objects.filter(account=account).exclude(phone_number_id__in=listed)
        result.gone.extend(gone.values_list("phone_number_id", flat=True))
        WhatsAppBusinessAccount.objects.filter(pk=account.pk).update(
            numbers_synced_at=timezone.now()
        )
    watch_spare_numbers()
    log.info(
        "Phone numbers synced",
        created=len(result.created),
        updated=len(result.updated),
        gone=len(result.gone),
    )
    return result


def make_default(phone_number: PhoneNumber) -> None:
    """Make this the number that sends for bakeries without one. Raises NumberInUseError when a bakery has it."""
    with transaction.atomic():
        numbers = PhoneNumber.objects.select_for_update().filter(account=phone_number.account_id)
        list(numbers.order_by("id"))
        if phone_number.assignments.open().exists():
            raise NumberInUseError
        numbers.filter(is_default=True).update(is_default=False)
        numbers.filter(pk=phone_number.pk).update(is_default=True)
    watch_spare_numbers()


class NumberInUseError(Exception):
    """A bakery's own number cannot be the default one."""

    def __init__(self) -> None:
        super().__init__("A bakery has this number. Release it there first.")


def _store(account: WhatsAppBusinessAccount, facts: PhoneNumberFacts, result: SyncResult) -> None:
    told = {
        "display_phone_number": phone_numbers.from_digits(facts.display_phone_number),
        "verified_name": facts.verified_name,
        "quality_rating": facts.quality_rating,
        "status": facts.status,
        "name_status": facts.name_status,
        "code_verification_status": facts.code_verification_status,
        "platform_type": facts.platform_type,
        "messaging_limit": facts.messaging_limit,
        "throughput_level": facts.throughput_level,
    }
    # What Meta did not tell this time stays as it was.
    values = {name: value for name, value in told.items() if value}
    before = (
        PhoneNumber.objects.filter(phone_number_id=facts.phone_number_id).values(*values).first()
    )
    number, _created = PhoneNumber.objects.update_or_create(
        phone_number_id=facts.phone_number_id,
        defaults={**values, "account": account, "last_synced_at": timezone.now()},
    )
    if "quality_rating" in values:
        known = before["quality_rating"] if before else ""
        note_quality(number, before=known, rating=values["quality_rating"])
    if before is None:
        result.created.append(facts.phone_number_id)
    elif before != values:
        result.updated.append(facts.phone_number_id)


def _keep_health(facts: HealthFacts | None, phone_number_id: str) -> None:
    """Keep what Meta says of a number's health; while it says nothing, what it said last stays, with its time."""
    if facts is not None:
        NumberSetup.objects.update_or_create(
            phone_number=PhoneNumber.objects.get(phone_number_id=phone_number_id),
            defaults={"health_status": facts.raw, "health_checked_at": timezone.now()},
        )
