"""The five stages of a token's change, one step at a time: paste, verified, in service, grace, the old one refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.models import Alert, AlertKind, TokenRotation
from messaging.models.token_rotation import fingerprint_of
from messaging.services import token_records, tokens
from messaging.services.accounts import current_account, is_refused
from messaging.services.setup.checking import check_token_lines
from messaging.services.token_verification import Verification, cleaned, verify_token
from tenants.models import WhatsAppBusinessAccount

# A token that was pasted and forgotten is a secret nobody looks after.
CANDIDATE_LIVES = timedelta(hours=24)


class NoCandidateError(Exception):
    """The pasted token is no longer there: somebody put it into service or discarded it, or it lay too long."""


class TokenReplacedError(Exception):
    """Another token has been put into service since the page was opened; what it asks for is no longer meant."""


class OldTokenNeededError(Exception):
    """Meta refuses the token in service, so the old one may be the only one that works and is not revoked."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the change of the token stands. `rotation` is the newest one, None while there was none."""

    account: WhatsAppBusinessAccount
    rotation: TokenRotation | None
    is_old_kept: bool
    is_refused_now: bool
    is_old_still_accepted: bool

    @property
    def candidate(self) -> TokenRotation | None:
        return self.rotation if self.rotation is not None and self.rotation.is_candidate else None


def situation() -> Situation:
    """Raises NoAccountError."""
    account = current_account()
    rotations = TokenRotation.objects.filter(account=account, discarded_at__isnull=True)
    newest = rotations.select_related("pasted_by", "promoted_by", "refused_by").newest_first()
    unrevoked = Alert.objects.open().filter(
        kind=AlertKind.TOKEN_NOT_REVOKED, subject=account.waba_id
    )
    return Situation(
        account=account,
        rotation=newest.first(),
        is_old_kept=bool(account.previous_token_list),
        is_refused_now=is_refused(account),
        is_old_still_accepted=unrevoked.exists(),
    )


def paste_token(pasted: str, *, by: int) -> TokenRotation:
    """Verify a pasted token and keep it, encrypted, until somebody puts it into service. `by` is a user's primary key.

    Raises TokenRefusedError, after which nothing is kept, and NoAccountError.
    """
    account = current_account()
    if cleaned(pasted) and cleaned(pasted) == account.access_token:
        raise tokens.TokenRefusedError(Verification("", problems=[_in_service()]))
    verification = verify_token(pasted, account=account)
    if verification.problems:
        raise tokens.TokenRefusedError(verification)
    with transaction.atomic():
        WhatsAppBusinessAccount.objects.select_for_update().get(pk=account.pk)
        return token_records.keep_candidate(account, verification, by=by)


def _in_service() -> str:
    return _("This is the token that is in service already. Generate a new one at Meta.")


def put_into_service(rotation: int, *, by: int) -> WhatsAppBusinessAccount:
    """Verify the candidate once more and let it replace the token in service.

    Raises NoCandidateError, TokenRefusedError and NoAccountError.
    """
    account = current_account()
    candidate = TokenRotation.objects.candidates().filter(account=account, pk=rotation).first()
    if candidate is None:
        raise NoCandidateError
    promoted = tokens.promote_token(candidate.token, by=by, account=account)
    check_token_lines()
    return promoted


def discard(rotation: int) -> bool:
    """Forget the pasted token; False when it is no longer there."""
    waiting = TokenRotation.objects.candidates().filter(pk=rotation)
    return waiting.update(discarded_at=timezone.now(), token="") > 0


def forget_left_candidates() -> int:
    """Discard what was pasted and never put into service."""
    now = timezone.now()
    left = TokenRotation.objects.candidates().filter(pasted_at__lt=now - CANDIDATE_LIVES)
    return left.update(discarded_at=now, token="")


def go_back(*, instead_of: str, by: int) -> WhatsAppBusinessAccount:
    """Put the previous token back into service, if Meta still takes it; the newer one gets the grace.

    One that Meta says is dead is no longer kept, so that nobody is led back to it once more. `instead_of` is the fingerprint of the token to be left: asked twice, the second does not undo the first.
    Raises TokenReplacedError, NoPreviousTokenError, TokenRefusedError and NoAccountError.
    """
    account = current_account()
    previous = tokens.previous_token(account)
    if fingerprint_of(account.access_token) != instead_of:
        raise TokenReplacedError
    try:
        promoted = tokens.promote_token(previous, by=by, account=account)
    except tokens.TokenRefusedError as refusal:
        tokens.forget_dead(account, refusal.verification, by=by)
        raise
    check_token_lines()
    return promoted


def end_grace(*, by: int) -> bool:
    """Revoke the old token now and have Meta say that it refuses it; False when Meta did not say so, and it stays kept.

    Raises OldTokenNeededError, NoPreviousTokenError and NoAccountError.
    """
    account = current_account()
    if is_refused(account):
        raise OldTokenNeededError
    return tokens.retire_now(account, by=by)
