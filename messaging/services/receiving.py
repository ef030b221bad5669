"""Receiving: store what Meta posts, apply it later in batches, harmless however often it is repeated."""

from __future__ import annotations

import json
import traceback
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from messaging import queues
from messaging.graph_api import webhook_payload
from messaging.graph_api.webhook_payload import Change, InboundFact, StatusFact
from messaging.models import EventKind, InboundMessage, Message, MessageEvent, WebhookDelivery
from messaging.services import holding
from messaging.statuses import META_REPORTS, MessageStatus, settle
from tenants import phone_numbers
from tenants.models import PhoneNumber, PhoneNumberAssignment

log = structlog.get_logger(__name__)

BATCH = 50
# What somebody writes without quoting answers a message that is no older.
ANSWERS_WITHIN = timedelta(days=7)
_DETAILS_LENGTH = 500
# Fields whose news is read again from Meta at once, instead of trusting one event of a series.
_ASK_META_AGAIN = ("message_template", "template_category", "phone_number", "business_capability")


@dataclass(slots=True)
class _Work:
    """The statuses and messages of a batch, with the place where each one's verdict goes."""

    statuses: list[tuple[Change, StatusFact, dict[str, Any]]] = field(default_factory=list)
    inbound: list[tuple[Change, InboundFact, dict[str, Any]]] = field(default_factory=list)
    ask_meta: bool = False


def store_delivery(body: bytes) -> WebhookDelivery:
    """Keep one signed body and wake a worker. One INSERT, so that Meta is answered at once."""
    delivery = WebhookDelivery.objects.create(body=body)
    queues.wake_receiver()
    return delivery


def apply_waiting() -> int:
    """Apply all stored deliveries that still wait; return how many."""
    queues.is_awake(queues.APPLY_WEBHOOKS)
    total = 0
    while applied := _apply_next(limit=BATCH):
        total += applied
    return total


def apply_delivery(delivery_ids: Sequence[int]) -> int:
    """Apply these deliveries (again); return how many."""
    total = 0
    for delivery_id in sorted(delivery_ids):
        with transaction.atomic():
            found = WebhookDelivery.objects.select_for_update().filter(pk=delivery_id)
            total += _apply_each(list(found))
    return total


def wake_for_waiting() -> bool:
    """Wake a worker when a wake-up was lost; True when there was something waiting."""
    waiting = WebhookDelivery.objects.waiting().exists()
    if waiting:
        queues.wake_receiver()
    return waiting


def _apply_next(*, limit: int) -> int:
    with transaction.atomic():
        waiting = WebhookDelivery.objects.waiting().order_by("id")
        return _apply_each(list(waiting.select_for_update(skip_locked=True)[:limit]))


def _apply_each(deliveries: list[WebhookDelivery]) -> int:
    """Apply all together; when one of them breaks, each by itself, so that it costs only itself."""
    try:
        with transaction.atomic():
            _apply(deliveries)
    except OperationalError:
        raise  # The database's trouble, not the body's: it stays waiting.
    except Exception:
        if len(deliveries) == 1:
            _keep_error(deliveries[0])
        else:
            for delivery in deliveries:
                _apply_each([delivery])
    return len(deliveries)


def _keep_error(delivery: WebhookDelivery) -> None:
    delivery.traceback = traceback.format_exc(limit=-8)
    delivery.verdicts = [_verdict("", "", "error", "It could not be applied; see the traceback.")]
    delivery.processed_at = timezone.now()
    delivery.save(update_fields=["traceback", "verdicts", "processed_at"])
    log.error("Webhook could not be applied", webhook_delivery=delivery.pk)


def _apply(deliveries: list[WebhookDelivery]) -> None:
    work = _Work()
    for delivery in deliveries:
        delivery.traceback = ""
        delivery.verdicts = _read(bytes(delivery.body), work)
        delivery.processed_at = timezone.now()
    _apply_statuses(work.statuses)
    _apply_inbound(work.inbound)
    if work.ask_meta:
        queues.wake_sync()
    WebhookDelivery.objects.bulk_update(deliveries, ["traceback", "verdicts", "processed_at"])


def _verdict(change: str, what: str, verdict: str, why: str = "") -> dict[str, Any]:
    return {"change": change, "what": what, "verdict": verdict, "why": why}


def _read(body: bytes, work: _Work) -> list[dict[str, Any]]:
    """Sort one body's content into `work` and return its verdicts, which applying it fills in."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return [_verdict("", "", "malformed", "The body is not JSON.")]
    parsed = webhook_payload.parse(payload)
    verdicts = [_verdict("", "", "malformed", problem) for problem in parsed.problems]
    for change in parsed.changes:
        verdicts += [
            _verdict(change.index, change.field, "malformed", problem)
            for problem in change.problems
        ]
        verdicts += _read_change(change, work)
    return verdicts


def _read_change(change: Change, work: _Work) -> list[dict[str, Any]]:
    verdicts = []
    for status in change.statuses:
        verdicts.append(_verdict(change.index, status.status, "kept"))
        work.statuses.append((change, status, verdicts[-1]))
    for message in change.messages:
        verdicts.append(_verdict(change.index, message.type, "kept"))
        work.inbound.append((change, message, verdicts[-1]))
    if change.errors:
        verdicts.append(
            _verdict(change.index, change.field, "kept", "Meta reports an error of its own.")
        )
    if change.field.startswith(_ASK_META_AGAIN):
        work.ask_meta = True
        verdicts.append(_verdict(change.index, change.field, "applied", "Read again from Meta."))
    elif not verdicts and not change.problems:
        verdicts.append(
            _verdict(change.index, change.field, "kept", "Nothing to do for this field.")
        )
    return verdicts


def _apply_statuses(statuses: list[tuple[Change, StatusFact, dict[str, Any]]]) -> None:
    messages = _messages_of([fact for _change, fact, _verdict in statuses])
    by_message: dict[uuid.UUID, list[StatusFact]] = defaultdict(list)
    for change, fact, verdict in statuses:
        message = messages.get(_our_id(fact)) or messages.get(fact.wamid)
        why = _why_not(change, fact, message)
        if why is not None or message is None:
            verdict.update(verdict="ignored", why=why)
            continue
        by_message[message.pk].append(fact)
        verdict.update(verdict="applied", why=f"message {message.pk}")
    touched = {message.pk: message for message in messages.values() if message.pk in by_message}
    for pk, message in touched.items():
        _settle(message, by_message[pk])
    MessageEvent.objects.bulk_create(_events(by_message), ignore_conflicts=True)
    _keep_earliest(by_message)
    Message.objects.bulk_update(touched.values(), _STATUS_COLUMNS)
    _heed_dropped(touched, by_message)


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


def _events(by_message: dict[uuid.UUID, list[StatusFact]]) -> list[MessageEvent]:
    return [
        MessageEvent(message_id=pk, kind=kind, code=code, at=at)
        for pk, facts in sorted(by_message.items())
        for (kind, code), at in sorted(_first_times(facts).items(), key=lambda item: item[1])
    ]


def _first_times(facts: list[StatusFact]) -> dict[tuple[EventKind, int | None], datetime]:
    first: dict[tuple[EventKind, int | None], datetime] = {}
    for fact in facts:
        key = EventKind(fact.status), fact.error_code
        first[key] = min(first.get(key, fact.at), fact.at)
    return first


def _keep_earliest(by_message: dict[uuid.UUID, list[StatusFact]]) -> None:
    """An event that stood already keeps the earlier of its time and the reported one."""
    for pk, facts in by_message.items():
        for (kind, code), at in _first_times(facts).items():
            MessageEvent.objects.filter(message_id=pk, kind=kind, code=code, at__gt=at).update(
                at=at
            )


def _apply_inbound(inbound: list[tuple[Change, InboundFact, dict[str, Any]]]) -> None:
    ids = {change.phone_number_id for change, _fact, _verdict in inbound}
    numbers = {
        row.phone_number_id: row
        for row in PhoneNumber.objects.filter(phone_number_id__in=ids - {None})
    }
    for change, fact, verdict in inbound:
        number = numbers.get(change.phone_number_id or "")
        if number is None:
            verdict.update(verdict="ignored", why="The number it was sent to is none of ours.")
            continue
        _reply, created = InboundMessage.objects.get_or_create(
            wamid=fact.wamid, defaults=_inbound_row(fact, number)
        )
        verdict.update(verdict="applied" if created else "repeated", why="")


def _inbound_row(fact: InboundFact, number: PhoneNumber) -> dict[str, Any]:
    sender = phone_numbers.from_digits(fact.sender or "")
    answered = _answered(fact, number, sender)
    owner = (
        PhoneNumberAssignment.objects.open()
        .filter(phone_number=number)
        .values_list("tenant", flat=True)
        .first()
    )
    return {
        "phone_number": number,
        # The bakery that was answered, which the number may have left since; else the one that has the number.
        "tenant_id": answered.tenant_id if answered else owner,
        "answers": answered,
        "sender_phone": sender,
        "sender_user_id": (fact.user_id or "")[:128],
        "kind": fact.type[:32],
        "text": fact.text,
        "content": fact.raw,
        "received_at": fact.at,
    }


def _answered(fact: InboundFact, number: PhoneNumber, sender: str) -> Message | None:
    """Return the message this one answers: the quoted one, else the number's last of these days to the person."""
    from_number = Message.objects.filter(phone_number=number)
    if fact.context_wamid:
        quoted = from_number.filter(wamid=fact.context_wamid).first()
        if quoted is not None:
            return quoted
    recent = from_number.created_between(after=fact.at - ANSWERS_WITHIN)
    return recent.filter(recipient_phone=sender).newest_first().first() if sender else None
