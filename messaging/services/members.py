"""Who belongs to a bakery: inviting by e-mail, joining, other roles, removing, leaving. Only owners decide; everybody may go."""

from __future__ import annotations

import uuid
from datetime import timedelta

import structlog
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from messaging.services.letters import Letter, site_url
from messaging.services.switching import require_owner
from tenants.models import Invitation, Membership, Tenant, User

log = structlog.get_logger(__name__)

LASTS = timedelta(days=7)
# So many may be open at once: an account that was taken over must not become a mailer.
MOST_OPEN = 20
_SALT = "bakery invitation"


class AlreadyMemberError(Exception):
    """The bakery has somebody with this address."""


class AlreadyInvitedError(Exception):
    """There is an open invitation for this address: send that one again."""


class TooManyInvitationsError(Exception):
    """Take some back first."""


class InvitationGoneError(Exception):
    """The link was used, taken back, replaced by a newer one, has run out, or is none of ours."""


class LastOwnerError(Exception):
    """A bakery without an owner could invite nobody and turn nothing on."""


def invite(tenant: Tenant, *, email: str, role: Membership.Role, by: User) -> Invitation:
    """Invite somebody and mail them the link.

    Raises NotOwnerError, AlreadyMemberError, AlreadyInvitedError and TooManyInvitationsError.
    """
    require_owner(by, tenant)
    if tenant.memberships.filter(user__email__iexact=email).exists():
        raise AlreadyMemberError
    if tenant.invitations.open().count() >= MOST_OPEN:
        raise TooManyInvitationsError
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                tenant=tenant,
                email=email,
                role=role,
                invited_by=by,
                expires_at=timezone.now() + LASTS,
            )
    except IntegrityError:
        raise AlreadyInvitedError from None
    _mail(invitation)
    log.info("Invited to a bakery", invitation_id=invitation.pk, tenant_id=tenant.pk)
    return invitation


def send_again(invitation: Invitation, *, by: User) -> None:
    """Mail a new link; the old ones are worthless. Raises NotOwnerError and InvitationGoneError."""
    require_owner(by, invitation.tenant)
    with transaction.atomic():
        locked = Invitation.objects.open().select_for_update().filter(pk=invitation.pk).first()
        if locked is None:
            raise InvitationGoneError
        locked.sent_count += 1
        locked.sent_at = timezone.now()
        locked.expires_at = locked.sent_at + LASTS
        locked.save(update_fields=["sent_count", "sent_at", "expires_at"])
    _mail(locked)


def take_back(invitation: Invitation, *, by: User) -> None:
    """Make its links worthless. Harmless when they were. Raises NotOwnerError."""
    require_owner(by, invitation.tenant)
    open_one = Invitation.objects.open().filter(pk=invitation.pk).first()
    if open_one is not None:
        open_one.revoked_at = timezone.now()
        open_one.save(update_fields=["revoked_at"])


def link_of(invitation: Invitation) -> str:
    token = signing.dumps([invitation.pk, invitation.sent_count], salt=_SALT)
    return site_url(reverse("invitation", args=[token]))


def invitation_of(token: str) -> Invitation:
    """Return the invitation a link belongs to. Raises InvitationGoneError."""
    try:
        pk, sent_count = signing.loads(token, salt=_SALT, max_age=LASTS)
    except signing.BadSignature:
        raise InvitationGoneError from None
    usable = Invitation.objects.usable(timezone.now()).select_related("tenant", "invited_by")
    invitation = usable.filter(pk=pk, sent_count=sent_count).first()
    if invitation is None:
        raise InvitationGoneError
    return invitation


def join(invitation: Invitation, user: User) -> Membership:
    """Make somebody a member. Raises InvitationGoneError; a member already keeps their role."""
    with transaction.atomic():
        now = timezone.now()
        locked = Invitation.objects.usable(now).select_for_update().filter(pk=invitation.pk).first()
        if locked is None:
            raise InvitationGoneError
        locked.accepted_at, locked.accepted_by = now, user
        locked.save(update_fields=["accepted_at", "accepted_by"])
        membership, _created = Membership.objects.get_or_create(
            tenant=locked.tenant, user=user, defaults={"role": locked.role}
        )
    log.info("Joined a bakery", tenant_id=locked.tenant_id, user_id=user.pk)
    return membership


def join_as_new(invitation: Invitation, *, username: str, name: str, password: str) -> Membership:
    """Make an account with the invited address and join. Raises ValidationError and InvitationGoneError."""
    first, _space, last = name.partition(" ")
    user = User(
        username=username,
        email=invitation.email,
        first_name=first[:150],
        last_name=last[:150],
    )
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    with transaction.atomic():
        user.save()
        return join(invitation, user)


def change_role(membership: Membership, role: Membership.Role, *, by: User) -> None:
    """Raises NotOwnerError and LastOwnerError."""
    require_owner(by, membership.tenant)
    with transaction.atomic():
        locked = _locked(membership)
        if role is not Membership.Role.OWNER:
            _refuse_last_owner(locked)
        locked.role = role
        locked.save(update_fields=["role"])


def remove(membership: Membership, *, by: User) -> None:
    """Take somebody out of the bakery; their account stays. Raises NotOwnerError and LastOwnerError."""
    require_owner(by, membership.tenant)
    _go(membership)
    log.info("Removed from a bakery", tenant_id=membership.tenant_id, user_id=membership.user_id)


def leave(tenant: Tenant, user: User) -> None:
    """Go by oneself. Harmless when one is gone. Raises LastOwnerError."""
    membership = Membership.objects.of(tenant).filter(user=user).first()
    if membership is not None:
        _go(membership)
        log.info("Left a bakery", tenant_id=tenant.pk, user_id=user.pk)


def last_owner_of(tenant: Tenant) -> Membership | None:
    """Return the owner without whom the bakery would have none, who can neither leave nor become staff."""
    found = list(_active_owners(tenant.pk)[:2])
    return found[0] if len(found) == 1 else None


def _active_owners(tenant_id: uuid.UUID) -> QuerySet[Membership]:
    owners = Membership.objects.filter(tenant=tenant_id, role=Membership.Role.OWNER)
    return owners.filter(user__is_active=True).order_by("id")


def _go(membership: Membership) -> None:
    with transaction.atomic():
        locked = _locked(membership)
        _refuse_last_owner(locked)
        locked.delete()


def _locked(membership: Membership) -> Membership:
    """Lock all owners of the bakery too, so that of two who go at once one stays."""
    owners = Membership.objects.filter(tenant=membership.tenant_id, role=Membership.Role.OWNER)
    list(owners.order_by("id").select_for_update())
    return Membership.objects.select_for_update().get(pk=membership.pk)


def _refuse_last_owner(membership: Membership) -> None:
    if membership.role != Membership.Role.OWNER:
        return
    if not _active_owners(membership.tenant_id).exclude(pk=membership.pk).exists():
        raise LastOwnerError


def _mail(invitation: Invitation) -> None:
    """Send the link in the bakery's language, at once: it is stored nowhere, so no worker could."""
    tenant, by = invitation.tenant, invitation.invited_by
    names = {
        "bakery": tenant.name,
        "who": (by.get_full_name() or by.get_username()) if by else tenant.name,
    }
    with translation.override(tenant.language):
        letter = Letter(
            subject=_("Invitation to %(bakery)s") % names,
            paragraphs=(
                _("%(who)s invites you to see the WhatsApp notices of %(bakery)s.") % names,
                _("The link works once and for 7 days. If you expect no invitation, do nothing."),
            ),
            links=((_("Accept the invitation"), link_of(invitation)),),
            reason=_("Somebody of the bakery entered your address."),
        )
        message = EmailMultiAlternatives(
            subject=" ".join(letter.subject.split()),
            body=letter.as_text(),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[invitation.email],
            headers={"Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(letter.as_html(tenant.language), "text/html")
    message.send()
