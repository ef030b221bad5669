"""Opt-outs as they reach us: the word in a message, the choice told to WhatsApp, Meta's refusal; and what they stop."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.utils import timezone

from messaging.graph_api.webhook_payload import PreferenceFact
from messaging.models import Asks, InboundMessage, Message, Suppression
from messaging.services import answering, people, recording, suppressions
from messaging.services.people import Person
from messaging.services.recording import Outcome
from messaging.services.suppressions import OF_META, Request
from messaging.services.verdicts import Reported
from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant

# Meta's refusal of a marketing message that the recipient wants no more (Error codes, read 2026-11-22).
STOPPED_AT_META = 131050
_MARKETING_CATEGORY = "marketing_messages"
_What, _Source = Suppression.What, Suppression.Source


def heed_words(messages: Iterable[InboundMessage]) -> None:
    """Stop or resume what these messages ask for, and have the first of its kind answered."""
    for message in messages:
        if message.asks and _heed_word(message):
            answering.ask_for_answer(message)


def _heed_word(message: InboundMessage) -> bool:
    """Return whether the word changed anything."""
    number = message.phone_number
    sender = Person(message.sender_phone, message.sender_user_id)
    everybody = _people_behind(sender, number)
    # On a shared number they must mean whoever wrote last; where nobody did, the whole account is stopped, to be safe.
    tenant_id = message.tenant_id or people.last_bakery_to(sender, number=number)
    is_stop = message.asks == Asks.STOP
    if not is_stop:
        tenant_id = _standing(everybody, number, {_Source.WORD}, otherwise=tenant_id)
    apply = suppressions.stop if is_stop else suppressions.resume
    changed = [
        apply(
            Request(
                person,
                tenant_id,
                _What.ALL,
                _Source.WORD,
                message.received_at,
                number=number,
                inbound=message,
            )
        )
        for person in everybody
    ]
    return any(changed)


def apply_preferences(reports: Sequence[Reported[PreferenceFact]]) -> None:
    """Note who stopped or resumed marketing in WhatsApp itself, and judge each report. Orders go on.

    Source: Webhooks, user_preferences, 2026-11-22.
    """
    numbers = people.learn_people(
        (
            report.change.phone_number_id,
            people.from_meta(digits=report.fact.phone, user_id=report.fact.user_id),
        )
        for report in reports
    )
    for report in reports:
        number = numbers.get(report.change.phone_number_id)
        if number is None:
            report.judge("ignored", "The number it was sent to is none of ours.")
        elif report.fact.category != _MARKETING_CATEGORY or report.fact.value not in _PREFERENCES:
            report.judge("kept", "We do not know this preference.")
        else:
            report.judge("applied" if _heed_preference(report.fact, number) else "repeated")


_PREFERENCES = {"stop": suppressions.stop, "resume": suppressions.resume}


def _heed_preference(fact: PreferenceFact, number: PhoneNumber) -> bool:
    person = people.from_meta(digits=fact.phone, user_id=fact.user_id)
    everybody = _people_behind(person, number)
    tenant_id = _owner(number)
    if fact.value == "resume":
        tenant_id = _standing(everybody, number, OF_META, otherwise=tenant_id)
    apply = _PREFERENCES[fact.value]
    changed = [
        apply(Request(who, tenant_id, _What.MARKETING, _Source.PREFERENCE, fact.at, number=number))
        for who in everybody
    ]
    return any(changed)


def is_stop(code: int | None) -> bool:
    """Whether Meta's error code says that the recipient wants no marketing."""
    return code == STOPPED_AT_META


def heed_stops(refused: Iterable[tuple[Message, datetime]]) -> None:
    """Meta's word on who wants no marketing counts whatever we knew: messages it refused so, and when.

    Whether it holds for one number or for the portfolio Meta does not say; on the shared number it is taken for all.
    """
    for message, at in sorted(refused, key=lambda pair: pair[0].recipient_phone):
        number = message.phone_number
        tenant_id = None if number.is_default else message.tenant_id
        person = Person(message.recipient_phone)
        suppressions.stop(
            Request(person, tenant_id, _What.MARKETING, _Source.REFUSED, at, number=number)
        )


def heed_outcomes(outcomes: Sequence[Outcome], *, number: PhoneNumber) -> None:
    """The same for Meta's answers to sending."""
    refused = [each for each in outcomes if each.error is not None and is_stop(each.error.code)]
    for outcome in refused:
        outcome.message.phone_number = number
    heed_stops((outcome.message, timezone.now()) for outcome in refused)


def without_opted_out(claimed: list[Message]) -> list[Message]:
    """Return the claimed messages whose recipient may be written to. The others are cancelled, and staff hear of it."""
    stopped = suppressions.opted_out_among(claimed)
    if not stopped:
        return claimed
    recording.cancel_opted_out(stopped)
    bakeries = Tenant.objects.in_bulk({message.tenant_id for message in stopped})
    for message in stopped:
        suppressions.tell_of_refusal(
            tenant=bakeries[message.tenant_id], recipient_phone=message.recipient_phone
        )
    cancelled = {message.pk for message in stopped}
    return [message for message in claimed if message.pk not in cancelled]


def _people_behind(person: Person, number: PhoneNumber) -> list[Person]:
    """Return the person once for each number under which we write to them; the user id stands with the first."""
    phones = people.phones_of(person, phone_number=number.pk)
    plain = list(dict.fromkeys(Person(each).comparable_phone for each in phones))
    if not plain:
        return [person] if person.user_id else []
    return [Person(plain[0], person.user_id), *(Person(each) for each in plain[1:])]


def _standing(
    everybody: Sequence[Person],
    number: PhoneNumber,
    sources: Collection[str],
    *,
    otherwise: uuid.UUID | None,
) -> uuid.UUID | None:
    """Return towards whom the person's latest stop told to this number holds: that is what a resume ends.

    The last bakery to write may be another by now, and the number may have moved on.
    """
    for person in everybody:
        stops = Suppression.objects.open().about(
            phone=person.comparable_phone, user_id=person.user_id
        )
        told_here = stops.filter(phone_number=number, source__in=sources)
        last = told_here.order_by("-last_asked_at", "-id").first()
        if last is not None:
            return last.tenant_id
    return otherwise


def _owner(number: PhoneNumber) -> uuid.UUID | None:
    standing = PhoneNumberAssignment.objects.open().filter(phone_number=number)
    owner: uuid.UUID | None = standing.values_list("tenant", flat=True).first()
    return owner
