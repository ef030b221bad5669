"""Sending numbers as Meta describes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from messaging.graph_api.client import PhoneNumberFacts
from messaging.graph_api.number_calls import HealthFacts
from messaging.models import AlertKind, Aspect
from messaging.services.account_news import history
from messaging.services.accounts import current_account
from messaging.services.graph import graph_api_for
from messaging.services.number_quality import note_quality
from messaging.services.number_watch import watch_numbers
from messaging.services.readings import watched
from tenants import phone_numbers
from tenants.audit import unlogged, update_logged
from tenants.models import NumberSetup, PhoneNumber, WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

_TOLD_BY = {
    Aspect.NAME: ("name_status",),
    Aspect.CAPACITY: ("messaging_limit", "throughput_level"),
}


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync changed; each line names one row. `gone` are rows that Meta lists no longer: they are kept."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def sync_phone_numbers() -> SyncResult:
    """Read all numbers of the account from Meta. Raises GraphApiError and NoAccountError; then nothing is changed."""
    account, asked_at = current_account(), timezone.now()
    api = graph_api_for(account)
    with watched(AlertKind.NUMBERS_UNREAD, waba_id=account.waba_id):
        facts, health = api.phone_numbers(account.waba_id), api.health_of_numbers(account.waba_id)
    result = SyncResult()
    with transaction.atomic():
        # Locked in one order, as webhooks lock them.
        list(PhoneNumber.objects.filter(account=account).select_for_update().order_by("pk"))
        told = history.told_since(asked_at, aspects=_TOLD_BY)
        read = _Read(account, asked_at, told)
        for number in facts:
            _store(read, number, result)
            _keep_health(health.get(number.phone_number_id), number.phone_number_id)
        _mark_gone(account, {number.phone_number_id for number in facts}, result)
        WhatsAppBusinessAccount.objects.filter(pk=account.pk).update(
            numbers_synced_at=timezone.now()
        )
    watch_numbers()
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
        update_logged(numbers.filter(is_default=True).exclude(pk=phone_number.pk), is_default=False)
        update_logged(numbers.filter(pk=phone_number.pk), is_default=True)
    watch_numbers()


class NumberInUseError(Exception):
    """A bakery's own number cannot be the default one."""

    def __init__(self) -> None:
        super().__init__("A bakery has this number. Release it there first.")


@dataclass(frozen=True, slots=True)
class _Read:
    """One read from Meta. What a webhook told meanwhile, `told_since`, is newer."""

    account: WhatsAppBusinessAccount
    asked_at: datetime
    told_since: set[tuple[int | None, int | None, str]]

    def without_older(self, values: dict[str, str], number: int | None) -> dict[str, str]:
        newer = {
            column
            for aspect, columns in _TOLD_BY.items()
            if (None, number, aspect) in self.told_since
            for column in columns
        }
        return {name: value for name, value in values.items() if name not in newer}


def _store(read: _Read, facts: PhoneNumberFacts, result: SyncResult) -> None:
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
    known = PhoneNumber.objects.filter(phone_number_id=facts.phone_number_id)
    values = read.without_older(values, known.values_list("pk", flat=True).first())
    before = known.values(*values, "gone_at").first()
    is_same = before is not None and before.get("status") == values.get("status")
    number, _created = PhoneNumber.objects.update_or_create(
        phone_number_id=facts.phone_number_id,
        defaults={
            **values,
            **({} if is_same else {"status_read_at": read.asked_at}),
            "account": read.account,
            "last_synced_at": read.asked_at,
            "gone_at": None,
        },
    )
    if "quality_rating" in values:
        rated = before["quality_rating"] if before else ""
        note_quality(number, before=rated, rating=values["quality_rating"])
    if before is None:
        result.created.append(facts.phone_number_id)
    elif before != {**values, "gone_at": None}:
        result.updated.append(facts.phone_number_id)


def _mark_gone(account: WhatsAppBusinessAccount, listed: set[str], result: SyncResult) -> None:
    """Note since when Meta no longer lists a number. Nothing else stops it: Meta refuses what is sent from it."""
    there = PhoneNumber.objects.filter(account=account, gone_at__isnull=True)
    gone = list(there.exclude(phone_number_id__in=listed).order_by("pk"))
    PhoneNumber.objects.filter(pk__in=[number.pk for number in gone]).update(gone_at=timezone.now())
    result.gone.extend(number.phone_number_id for number in gone)


def _keep_health(facts: HealthFacts | None, phone_number_id: str) -> None:
    """Keep what Meta says of a number's health; while it says nothing, what it said last stays, with its time."""
    if facts is not None:
        number = PhoneNumber.objects.get(phone_number_id=phone_number_id)
        # Nobody did anything: its row alone is no change to log.
        with unlogged():
            NumberSetup.objects.update_or_create(
                phone_number=number,
                defaults={"health_status": facts.raw, "health_checked_at": timezone.now()},
            )
