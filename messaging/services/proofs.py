"""The proof of delivery of one order: everything that happened to its notices, and links by which others may see it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.core import signing
from django.db import transaction
from django.utils import timezone

from messaging.models import InboundMessage, Message, MessageEvent, MessageMail, ProofLink
from tenants.models import Tenant, User

log = structlog.get_logger(__name__)

LINK_LASTS = timedelta(days=30)
# A link that lasts this long is good enough to be handed out once more.
_LASTS_ENOUGH = timedelta(days=7)
# An order is sent to a handful of suppliers, a few of them again.
AT_MOST = 50
# No time in the signature: the row says how long the link lasts, and its address stays the same.
_SIGNER = signing.Signer(salt="messaging.proof", sep=".")


class LinkEndedError(Exception):
    """The link was ours, and it has ended or was taken back."""


class UnknownLinkError(Exception):
    """The link is none that we have signed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a notice: an event of its life, a reply of the recipient's, or that it was mailed."""

    at: datetime
    kind: str
    reply: InboundMessage | None = None
    mail: MessageMail | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of the order with all that happened to it, oldest first."""

    message: Message
    steps: list[Step]


@dataclass(frozen=True, slots=True)
class Proof:
    """`made_at` is when it was drawn up: what happens later is not in it. `is_cut` where the order has more notices."""

    tenant: Tenant
    reference: str
    notices: list[Notice]
    made_at: datetime
    is_cut: bool = False


REPLIED = "replied"
MAILED = "mailed"


def proof_of(tenant: Tenant, reference: str) -> Proof | None:
    """Return the proof for this order of the bakery, None where no notice has this order number."""
    found = Message.objects.of(tenant).filter(reference=reference).exclude(reference="")
    related = found.select_related("phone_number", "template")
    messages = list(related.order_by("id")[: AT_MOST + 1])
    if not messages:
        return None
    is_cut, messages = len(messages) > AT_MOST, messages[:AT_MOST]
    steps: dict[uuid.UUID, list[Step]] = defaultdict(list)
    for event in MessageEvent.objects.filter(message__in=messages).in_order():
        steps[event.message_id].append(Step(event.at, event.kind))
    replies = InboundMessage.objects.of(tenant).filter(answers__in=messages)
    for reply in replies.order_by("received_at", "id"):
        if reply.answers_id:
            steps[reply.answers_id].append(Step(reply.received_at, REPLIED, reply))
    for mail in MessageMail.objects.filter(message__in=messages).in_order():
        steps[mail.message_id].append(Step(mail.sent_at, MAILED, mail=mail))
    notices = [Notice(message, _in_order(steps[message.pk])) for message in messages]
    return Proof(tenant, reference, notices, timezone.now(), is_cut)


def _in_order(steps: list[Step]) -> list[Step]:
    """Sort by whole seconds, as Meta tells them; within one the order is that of a message's life."""
    return sorted(steps, key=lambda step: step.at.replace(microsecond=0))


# --- Links -------------------------------------------------------------------------------------------


def links_to(tenant: Tenant, reference: str) -> list[ProofLink]:
    """Return the links to this order's proof that still open it."""
    links = ProofLink.objects.of(tenant).filter(reference=reference)
    return list(links.open(now=timezone.now()).newest_first())


def needs_link(links: list[ProofLink]) -> bool:
    """Whether none of these lasts long enough to be handed to somebody today."""
    return not any(link.expires_at > timezone.now() + _LASTS_ENOUGH for link in links)


@transaction.atomic
def make_link(proof: Proof, *, by: User) -> ProofLink:
    """Return a link to the proof: the one there is while it lasts long enough, so that they do not pile up."""
    # Whoever presses twice at once gets one.
    Tenant.objects.select_for_update(no_key=True).get(pk=proof.tenant.pk)
    known = links_to(proof.tenant, proof.reference)
    if known and not needs_link(known):
        return known[0]
    link = ProofLink.objects.create(
        tenant=proof.tenant,
        reference=proof.reference,
        created_by=by.get_username(),
        expires_at=timezone.now() + LINK_LASTS,
    )
    log.info("Proof link made", link_id=link.pk, tenant_id=link.tenant_id, user_id=by.pk)
    return link


def revoke(link: ProofLink, *, by: User) -> bool:
    """Take the link back; False when that was done before."""
    standing = ProofLink.objects.filter(pk=link.pk, revoked_at__isnull=True)
    done = standing.update(revoked_at=timezone.now(), revoked_by=by.get_username()) > 0
    if done:
        log.info("Proof link taken back", link_id=link.pk, user_id=by.pk)
    return done


def token_of(link: ProofLink) -> str:
    """Return what the link carries: its random id, signed."""
    return _SIGNER.sign(link.pk.hex)


def opened_with(token: str) -> Proof:
    """Return the proof behind a link. Raises LinkEndedError and UnknownLinkError."""
    try:
        pk = uuid.UUID(_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        raise UnknownLinkError from None
    link = ProofLink.objects.select_related("tenant").filter(pk=pk).first()
    if link is None:
        raise UnknownLinkError
    if link.revoked_at is not None or link.expires_at <= timezone.now():
        raise LinkEndedError
    proof = proof_of(link.tenant, link.reference)
    if proof is None:
        raise UnknownLinkError
    return proof
