"""What a proof of delivery says, on a page and on paper: the same words in the same order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from messaging.bakery.words import HAPPENED, STATES, State, mailed
from messaging.models import Message
from messaging.services.advice import advice_for
from messaging.services.inbound_words import words_of
from messaging.services.proofs import AT_MOST, REPLIED, Notice, Proof, Step
from messaging.statuses import MessageStatus
from tenants.date_forms import dated_form
from tenants.phone_numbers import formatted, masked

_DID_NOT_ARRIVE = frozenset({MessageStatus.FAILED, MessageStatus.EXPIRED, MessageStatus.CANCELLED})
_REPLIED = State(gettext_lazy("They answered"), "good", "bell")


@dataclass(frozen=True, slots=True)
class When:
    """A moment by the bakery's clock and in UTC."""

    local: str
    utc: str


@dataclass(frozen=True, slots=True)
class StepLine:
    """One thing that happened. `said` is an answer's text, `whither` where a mail went, both for the bakery only."""

    state: State
    when: When
    said: str
    whither: str = ""


@dataclass(frozen=True, slots=True)
class NoticeWords:
    """One notice. `who` is empty where the reader may not know, `phone` is then hidden but for its ends.

    `reason` says why it did not arrive, to the bakery only.
    """

    who: str
    phone: str
    sender: str
    state: State
    reason: str
    whatsapp_id: str
    text: str
    steps: list[StepLine]


@dataclass(frozen=True, slots=True)
class ProofWords:
    bakery: str
    reference: str
    notices: list[NoticeWords]
    zone: str
    made: When
    # Where not all notices of the order are in it.
    cut: str = ""


def words_for(proof: Proof, *, is_whole: bool) -> ProofWords:
    """`is_whole` is for the bakery itself; others read neither names, numbers, WhatsApp's ids nor texts."""
    zone = ZoneInfo(proof.tenant.time_zone)
    return ProofWords(
        bakery=proof.tenant.name,
        reference=proof.reference,
        notices=[_notice(notice, zone, is_whole=is_whole) for notice in proof.notices],
        zone=proof.tenant.time_zone,
        made=when(proof.made_at, zone),
        cut=_cut() if proof.is_cut else "",
    )


def _notice(notice: Notice, zone: ZoneInfo, *, is_whole: bool) -> NoticeWords:
    message = notice.message
    if message.erased_at:
        who, phone = _("An erased person"), ""
    elif is_whole:
        shown = masked if message.is_trial else formatted
        who, phone = message.recipient_name, shown(message.recipient_phone)
    else:
        who, phone = "", masked(message.recipient_phone)
    return NoticeWords(
        who=who,
        phone=phone,
        sender=formatted(message.phone_number.display_phone_number) if is_whole else "",
        state=STATES[message.status],
        reason=_reason(message) if is_whole else "",
        # It holds the whole number, in base64.
        whatsapp_id=(message.wamid or "") if is_whole else "",
        text=message.rendered_text if is_whole else "",
        steps=[_step(step, zone, is_whole=is_whole) for step in notice.steps],
    )


def _reason(message: Message) -> str:
    advice = advice_for(message, language=get_language() or "")
    return advice.title if advice and message.status in _DID_NOT_ARRIVE else ""


def _cut() -> str:
    return _("This order has more notices: here are its first %(count)s.") % {"count": AT_MOST}


def _step(step: Step, zone: ZoneInfo, *, is_whole: bool) -> StepLine:
    if step.mail is not None:
        whither = step.mail.masked_address if is_whole else ""
        return StepLine(mailed(step.mail), when(step.at, zone), "", whither)
    state = _REPLIED if step.kind == REPLIED else HAPPENED[step.kind]
    said = words_of(step.reply) if step.reply is not None and is_whole else ""
    return StepLine(state, when(step.at, zone), said)


def when(at: datetime, zone: ZoneInfo) -> When:
    local = dateformat.format(at.astimezone(zone), f"{dated_form()}, H:i:s")
    return When(local, f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}")
