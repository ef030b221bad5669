"""Meta's status reports, applied to their messages; the same end whatever their order and repetition."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog
from django.db.models import Q
from django.utils import timezone

from messaging.graph_api.webhook_payload import Change, StatusFact
from messaging.models import EventKind, Message, MessageEvent
from messaging.services import answering, holding, opting_out, people, timeline
from messaging.services.verdicts import Reported
from messaging.statuses import META_REPORTS, MessageStatus, settle

log = structlog.get_logger(__name__)

_DETAILS_LENGTH = 500


def apply_status_reports(reports: Sequence[Reported[StatusFact]]) -> None:
    """Bring the messages to where these reports put them, and judge each report."""
    messages = _messages_of([report.fact for report in reports])
    by_message: dict[uuid.UUID, list[StatusFact]] = defaultdict(list)
    for report in reports:
        fact = report.fact
        message = messages.get(_our_id(fact)) or messages.get(fact.wamid)
        why = _why_not(report.change, fact, message)
        if why is not None or message is None:
            report.judge("ignored", why or "")
            continue
        by_message[message.pk].append(fact)
        report.judge("applied", f"message {message.pk}")
    touched = {message.pk: message for message in messages.values() if message.pk in by_message}
    for pk, message in touched.items():
        _settle(message, by_message[pk])
    timeline.write_events(
        [
            MessageEvent(
                message_id=pk, kind=EventKind(fact.status), code=fact.error_code, at=fact.at
            )
            for pk, facts in by_message.items()
            for fact in facts
        ]
    )
    Message.objects.bulk_update(touched.values(), _STATUS_COLUMNS)
    _heed_dropped(touched, by_message)
    _heed_people(touched, by_message)


def _heed_people(
    messages: dict[uuid.UUID, Message], by_message: dict[uuid.UUID, list[StatusFact]]
) -> None:
    """Keep by what other names WhatsApp knows the recipients, and who of them wants no marketing."""
    pairs = [(messages[pk], fact) for pk, facts in by_message.items() for fact in facts]
    people.learn(
        told
        for message, fact in pairs
        for told in people.names_told(
            phone_number=message.phone_number_id,
            phone=message.recipient_phone,
            person=people.from_meta(digits=fact.recipient_id, user_id=fact.recipient_user_id),
        )
    )
    opting_out.heed_failed((message, fact.error_code, fact.at) for message, fact in pairs)


def _heed_dropped(
    messages: dict[uuid.UUID, Message], by_message: dict[uuid.UUID, list[StatusFact]]
) -> None:
    """Tell whoever keeps the templates which of them Meta stopped."""
    dropped: dict[int, set[int]] = defaultdict(set)
    for pk, facts in by_message.items():
        for fact in facts:
            if fact.error_code in holding.STATUS_AFTER:
                dropped[fact.error_code].add(messages[pk].template_id)
    for code, template_ids in dropped.items():
        holding.heed_dropped(template_ids, code=code)


_STATUS_COLUMNS = (
    "status",
    "send_after",
    "claimed_at",
    "unconfirmed_at",
    "waits_for",
    "wamid",
    "sent_at",
    "delivered_at",
    "read_at",
    "failed_at",
    "error_code",
    "error_details",
    "pricing",
    "updated_at",
)


def _messages_of(facts: Iterable[StatusFact]) -> dict[object, Message]:
    """Return the locked messages by our id and by wamid. Locked in the order of ids, so workers never deadlock."""
    ids = {our_id for fact in facts if (our_id := _our_id(fact))}
    wamids = {fact.wamid for fact in facts}
    if not wamids:
        return {}
    found = (
        Message.objects.filter(Q(pk__in=ids) | Q(wamid__in=wamids))
        .select_for_update(no_key=True, of=("self",))
        .select_related("phone_number")
        .order_by("id")
    )
    messages: dict[object, Message] = {}
    for message in found:
        messages[message.pk] = message
        if message.wamid:
            messages[message.wamid] = message
    return messages


def _our_id(fact: StatusFact) -> uuid.UUID | None:
    """Return the message id that we sent along as `biz_opaque_callback_data`."""
    try:
        return uuid.UUID(fact.callback_data or "")
    except ValueError:
        return None


def _why_not(change: Change, fact: StatusFact, message: Message | None) -> str | None:
    """Return why the status is not applied, None when it is."""
    if (fact.callback_data or "").startswith(answering.CALLBACK_PREFIX):
        return "It is about our answer to an opt-out."
    if fact.status not in META_REPORTS:
        return "We do not know this status."
    if message is None:
        return "No message of ours has this id."
    if change.phone_number_id != message.phone_number.phone_number_id:
        return "It speaks of another sending number than the message's."
    return None


def _settle(message: Message, facts: list[StatusFact]) -> None:
    """Bring the row to where these reports put it; the same end whatever their order and repetition."""
    times = {kind: [fact.at for fact in facts if fact.status == kind] for kind in META_REPORTS}
    read = times[MessageStatus.READ]
    delivered = times[MessageStatus.DELIVERED] + read
    message.read_at = _earliest(message.read_at, read)
    # Meta leaves out what a later status implies.
    message.delivered_at = _earliest(message.delivered_at, delivered)
    message.sent_at = _earliest(message.sent_at, times[MessageStatus.SENT] + delivered)
    _keep_failure(message, facts)
    _take(
        message,
        settle(MessageStatus(message.status), (MessageStatus(fact.status) for fact in facts)),
    )
    # Sorted, so that the first report counts whichever came first.
    ordered = sorted(facts, key=lambda fact: fact.at)
    message.wamid = message.wamid or ordered[0].wamid
    if message.pricing is None:
        message.pricing = next((fact.pricing for fact in ordered if fact.pricing), None)
    message.updated_at = timezone.now()


def _take(message: Message, status: MessageStatus) -> None:
    if status == message.status:
        return
    message.status, message.waits_for = status, ""
    message.send_after = message.claimed_at = message.unconfirmed_at = None
    log.info("WhatsApp message status", message_id=message.pk, status=status)


def _keep_failure(message: Message, facts: list[StatusFact]) -> None:
    failures = [fact for fact in facts if fact.status == MessageStatus.FAILED]
    if not failures:
        return
    first = min(failures, key=lambda fact: (fact.at, fact.error_code or 0))
    if message.failed_at is None or (first.at, first.error_code or 0) < (
        message.failed_at,
        message.error_code or 0,
    ):
        message.failed_at = first.at
        message.error_code = first.error_code
        message.error_details = first.error_details[:_DETAILS_LENGTH]


def _earliest(known: datetime | None, reported: list[datetime]) -> datetime | None:
    return min([known, *reported] if known else reported, default=None)
