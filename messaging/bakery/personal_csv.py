"""All that a bakery holds of a person, for people: one line for each fact, notice and answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from messaging.bakery.supplier_words import consent_of, consent_story
from messaging.bakery.words import HAPPENED, mailed
from messaging.csv_files import Cell
from messaging.services.inbound_words import words_of
from messaging.services.personal_data import PersonalData
from tenants.phone_numbers import formatted


def rows(data: PersonalData) -> Iterator[list[Cell]]:
    """Three columns: when, what, and the text of it."""
    yield [_("When"), _("What"), _("Text")]
    yield from _facts(data)
    for stop in data.stops:
        yield [stop.asked_at, _("Asked for no more notices"), ""]
        if stop.lifted_at:
            yield [stop.lifted_at, _("Wanted notices again"), ""]
    for message in data.messages:
        order = _("Notice of order %(order)s") % {"order": message.reference}
        yield [
            message.created_at,
            order if message.reference else _("Notice"),
            message.rendered_text,
        ]
        for event in data.events.get(message.pk, []):
            yield [event.at, str(HAPPENED[event.kind].label), message.reference]
        for mail in data.mails.get(message.pk, []):
            yield [mail.sent_at, str(mailed(mail).label), mail.masked_address]
    for reply in data.replies:
        yield [reply.received_at, _("Their answer"), words_of(reply)]


def _facts(data: PersonalData) -> Iterator[list[Cell]]:
    recipient = data.recipient
    since: datetime = recipient.created_at
    yield [since, _("Phone number"), formatted(recipient.phone)]
    for phone in recipient.former_phones:
        yield [None, _("Former number"), formatted(phone)]
    yield [None, _("Name"), recipient.name]
    if recipient.email:
        yield [None, _("E-mail address"), recipient.email]
    yield [None, _("Note"), recipient.note]
    consent = f"{consent_of(recipient).label} {consent_story(recipient)}".strip()
    yield [None, _("Consent"), consent]
    blocked = _("Notices do not go to this number") if data.is_blocked else ""
    if blocked:
        yield [None, _("Does not get notices"), blocked]
