"""Our answer to an opt-out, once for each word, as free text within the 24 hours that it opens.

The row is the queue: it is marked as answered before anything is sent, and where Meta does not answer it stays so.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from messaging import queues
from messaging.graph_api import errors
from messaging.graph_api.client import SentMessage
from messaging.graph_api.facts import ErrorClass
from messaging.graph_api.message_text import said_in
from messaging.models import Asks, InboundMessage, Suppression
from messaging.models.inbound_message import InboundMessageQuerySet
from messaging.services import accounts, pacing, recording
from messaging.services.graph import graph_api_for
from messaging.services.opt_out_words import asked_in
from messaging.services.people import Person
from messaging.services.service_window import SERVICE_WINDOW
from tenants.models import Tenant

log = structlog.get_logger(__name__)

# What a status webhook returns to us about an answer.
CALLBACK_PREFIX = "answer:"
_SHORTEST_PAUSE = timedelta(minutes=1)
# A number that sends at its full pace is always reserved a little ahead, and there is room for one more between;
# beyond that Meta has asked for a rest.
_BUSY_S = 2.0
_AGAIN = frozenset({ErrorClass.RETRY, ErrorClass.RETRY_LATER})


def ask_for_answer(message: InboundMessage) -> None:
    """Have this word answered and wake a worker; not where the answer would be untrue."""
    if message.asks == Asks.START and _is_still_stopped(message):
        return
    unanswered = InboundMessage.objects.filter(pk=message.pk, answer_claimed_at__isnull=True)
    if unanswered.update(answer_due_at=timezone.now()):
        queues.wake_answerer()


def answer_waiting() -> int:
    """Send the answers that wait; return how many were tried. Harmless when others do the same."""
    queues.is_awake(queues.ANSWER_OPT_OUTS)
    tried = 0
    while (message := _claim_next()) is not None:
        _answer(message)
        tried += 1
    return tried


def wake_for_waiting() -> None:
    """Wake a worker for answers whose wake-up was lost, and let those go that came too late. The sweep asks."""
    now = timezone.now()
    late = InboundMessage.objects.to_be_answered().filter(received_at__lte=now - SERVICE_WINDOW)
    late.update(answer_due_at=None)
    if _answerable(now).exists():
        queues.wake_answerer()


def _answerable(now: datetime) -> InboundMessageQuerySet:
    """Answers that may go now: the window is open and the line too."""
    if not settings.ENABLE_WHATSAPP_NOTIFICATIONS:
        return InboundMessage.objects.none()
    return InboundMessage.objects.to_be_answered().filter(
        answer_due_at__lte=now,
        received_at__gt=now - SERVICE_WINDOW,
        phone_number__sending_stopped_at__isnull=True,
        phone_number__account__sending_paused_at__isnull=True,
        phone_number__account__sending_stopped_at__isnull=True,
    )


def _claim_next() -> InboundMessage | None:
    """Take one answer; from this moment on nobody else sends it."""
    now = timezone.now()
    with transaction.atomic():
        due = _answerable(now).select_for_update(no_key=True, skip_locked=True, of=("self",))
        message = due.order_by("answer_due_at", "id").first()
        if message is None:
            return None
        InboundMessage.objects.filter(pk=message.pk).update(
            answer_due_at=None, answer_claimed_at=now
        )
    whole = InboundMessage.objects.select_related("phone_number__account", "answers")
    return whole.get(pk=message.pk)


def _answer(message: InboundMessage) -> None:
    number, to = message.phone_number, _address_of(message)
    busy = pacing.busy_for(number)
    if busy < _BUSY_S:
        (busy,) = pacing.pair_waits(number, [to or message.sender_user_id])
    if busy > 0:
        _put_back(message, timezone.now() + timedelta(seconds=busy))
        return
    try:
        sent = graph_api_for(number.account).send_text(
            number.phone_number_id,
            to=to,
            user_id=message.sender_user_id,
            body=text_of(message),
            callback_data=f"{CALLBACK_PREFIX}{message.pk}",
        )
    except errors.GraphApiError as error:
        _refused(message, error)
    else:
        _sent(message, sent)


def _sent(message: InboundMessage, sent: SentMessage) -> None:
    InboundMessage.objects.filter(pk=message.pk).update(answer_wamid=sent.wamid)
    log.info("Opt-out answered", inbound_message=message.pk, whatsapp_message_id=sent.wamid)


def _refused(message: InboundMessage, error: errors.GraphApiError) -> None:
    log.warning("Opt-out not answered", inbound_message=message.pk, error_code=error.code)
    number = message.phone_number
    if recording.stops_account(error):
        accounts.stop_sending(number.account, code=error.code)
        _put_back(message, timezone.now())
    elif recording.stops_number(error):
        accounts.stop_number(number, code=error.code)
        _put_back(message, timezone.now())
    elif isinstance(error, errors.NotSentError) or error.error_class in _AGAIN:
        # Surely not sent. The pause is as long as it has taken so far, so a day has few of them.
        pause = max(_SHORTEST_PAUSE, timezone.now() - message.received_at)
        _put_back(message, timezone.now() + pause)
    elif not isinstance(error, errors.NoAnswerError):
        InboundMessage.objects.filter(pk=message.pk).update(answer_error_code=error.code)


def _put_back(message: InboundMessage, due_at: datetime) -> None:
    InboundMessage.objects.filter(pk=message.pk).update(
        answer_due_at=due_at, answer_claimed_at=None
    )


def _address_of(message: InboundMessage) -> str:
    """Return the number as we write to it, which Meta may spell in another way; empty where only the user id is known."""
    if message.answers is not None and not message.sender_phone:
        return message.answers.recipient_phone
    known = message.answers.recipient_phone if message.answers is not None else ""
    same = Person(known).comparable_phone == Person(message.sender_phone).comparable_phone
    return known if known and same else message.sender_phone


def text_of(message: InboundMessage) -> str:
    """Return what we answer: in the language of the word, in the name of the bakery."""
    asked = asked_in(said_in(message.content))
    suppression = _suppression_of(message)
    bakery = suppression.tenant if suppression is not None else message.tenant
    with translation.override(asked.language if asked else "es"):
        return _stopped(bakery) if message.asks == Asks.STOP else _resumed(bakery)


def _stopped(bakery: Tenant | None) -> str:
    if bakery is None:
        return _("You will get no more notices. Write START to get them again.")
    text = _("You will get no more notices from %(bakery)s. Write START to get them again.")
    return text % {"bakery": bakery.name}


def _resumed(bakery: Tenant | None) -> str:
    if bakery is None:
        return _("You will get notices again. Write STOP to end them.")
    text = _("You will get the notices of %(bakery)s again. Write STOP to end them.")
    return text % {"bakery": bakery.name}


def _suppression_of(message: InboundMessage) -> Suppression | None:
    changed = Suppression.objects.filter(Q(asked_in=message) | Q(lifted_in=message))
    return changed.select_related("tenant").order_by("id").first()


def _is_still_stopped(message: InboundMessage) -> bool:
    """Whether something else than the word keeps the person from getting messages again."""
    lifted = _suppression_of(message)
    if lifted is None:
        return False
    standing = Suppression.objects.open().about(phone=lifted.phone, user_id=lifted.user_id)
    orders = standing.against(is_marketing=False)
    return orders.filter(Q(tenant=lifted.tenant_id) | Q(tenant__isnull=True)).exists()
