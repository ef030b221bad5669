"""The history of the access token: who pasted, promoted and took back which one, and when Meta refused the old."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from messaging.models import TokenRotation
from messaging.models.token_rotation import fingerprint_of
from messaging.services.token_verification import Verification
from tenants.models import WhatsAppBusinessAccount


def facts_of(verification: Verification) -> dict[str, Any]:
    """Return as JSON everything Meta says of a token, never the token."""
    facts = verification.facts
    found: dict[str, Any] = {"ok": not verification.problems, "problems": verification.problems}
    if facts is None:
        return found
    return found | {
        "valid": facts.is_valid,
        "type": facts.type,
        "app_id": facts.app_id,
        "application": facts.application,
        "issued_at": iso(facts.issued_at),
        "expires_at": iso(facts.expires_at),
        "never_expires": facts.is_valid and facts.never_expires,
        "scopes": list(facts.scopes),
        "numbers": verification.numbers,
    }


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def keep_candidate(
    account: WhatsAppBusinessAccount, verification: Verification, *, by: int | None
) -> TokenRotation:
    """Keep a token that was found good until it is put into service; an earlier one is discarded. Call with the account locked."""
    discard_candidates(account)
    return TokenRotation.objects.create(
        account=account,
        fingerprint=fingerprint_of(verification.token),
        token=verification.token,
        facts=facts_of(verification),
        pasted_by_id=by,
    )


def discard_candidates(account: WhatsAppBusinessAccount) -> int:
    waiting = TokenRotation.objects.candidates().filter(account=account)
    return waiting.update(discarded_at=timezone.now(), token="")


def record_promotion(
    account: WhatsAppBusinessAccount, verification: Verification, *, old_token: str, by: int | None
) -> None:
    """Note that the token is in service in place of `old_token`. Call in the transaction that put it there."""
    now = timezone.now()
    new, old = fingerprint_of(verification.token), fingerprint_of(old_token)
    earlier = TokenRotation.objects.promoted().filter(account=account, old_fingerprint=new)
    is_return = earlier.filter(refused_at=None, returned_at=None).update(returned_at=now) > 0
    told = {
        "facts": facts_of(verification),
        "old_fingerprint": old,
        "promoted_at": now,
        "promoted_by_id": by,
        "grace_until": account.previous_token_until,
        "is_return": is_return,
        "token": "",
    }
    pasted = TokenRotation.objects.candidates().filter(account=account, fingerprint=new)
    if not pasted.update(**told):
        TokenRotation.objects.create(account=account, fingerprint=new, pasted_by_id=by, **told)


def record_refusal(
    account: WhatsAppBusinessAccount, tokens: Iterable[str], *, by: int | None
) -> None:
    """Note that Meta has been proved to refuse these old tokens."""
    dead = [fingerprint_of(token) for token in tokens if token != account.access_token]
    replaced = TokenRotation.objects.promoted().filter(
        account=account, old_fingerprint__in=dead, refused_at__isnull=True, returned_at__isnull=True
    )
    replaced.update(refused_at=timezone.now(), refused_by_id=by)
