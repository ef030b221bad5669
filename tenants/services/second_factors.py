"""The second factor: a code of an authenticator app (TOTP, RFC 6238), or a recovery code when the phone is lost."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import structlog
from django.db import transaction
from django.utils import timezone
from django_otp.oath import TOTP

from tenants.audit import HIDDEN, record_change
from tenants.models import SecondFactor, User
from tenants.models.api_key import digest

log = structlog.get_logger(__name__)

ISSUER = "Bakery WhatsApp"
RECOVERY_CODES = 10
# A guesser has 1 chance in 300,000 with each code, so this many an hour are harmless.
TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
_SECRET_BYTES = 20  # as RFC 4226 recommends
_STEP_S = 30


class WrongCodeError(Exception):
    """Neither the code of now, nor an unused recovery code."""


class LockedError(Exception):
    """Too many wrong codes; `until` then another may be tried."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


@dataclass(frozen=True, slots=True)
class Setup:
    """What the app needs: the same secret as a link (for the QR code) and to be typed."""

    uri: str
    typed: str


def has_second_factor(user: User) -> bool:
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def second_factor_of(user: User) -> SecondFactor | None:
    """Return the one in use, if any."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()


def begin(user: User) -> Setup:
    """Return the secret to be set up; the same one until it is confirmed, so that a reload does no harm."""
    fresh = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    factor, _created = SecondFactor.objects.get_or_create(user=user, defaults={"secret": fresh})
    label = quote(f"{ISSUER}:{user.get_username()}")
    query = urlencode({"secret": factor.secret, "issuer": ISSUER}, quote_via=quote)
    return Setup(f"otpauth://totp/{label}?{query}", " ".join(_in_fours(factor.secret)))


def confirm(user: User, code: str) -> list[str]:
    """Take the new factor into use and return its recovery codes, known now and never again.

    Raises WrongCodeError and LockedError.
    """
    codes: list[str] = []

    def change(factor: SecondFactor) -> None:
        codes.extend(_new_codes(factor))
        factor.confirmed_at = timezone.now()
        factor.save()

    _with_code(user, code, change, confirmed=False)
    record_change(user, second_factor=("off", "on"))
    log.info("Second factor set up", user_id=user.pk)
    return codes


def check(user: User, code: str) -> None:
    """Accept a code of the app or a recovery code, each once. Raises WrongCodeError and LockedError."""
    _with_code(user, code, SecondFactor.save)


def renew_codes(user: User, code: str) -> list[str]:
    """Return new recovery codes; the old ones are worthless. Raises WrongCodeError and LockedError."""
    codes: list[str] = []

    def change(factor: SecondFactor) -> None:
        codes.extend(_new_codes(factor))
        factor.save()

    _with_code(user, code, change)
    record_change(user, recovery_codes=("", HIDDEN))
    return codes


def switch_off(user: User, code: str) -> None:
    """Go without a second factor. Raises WrongCodeError and LockedError."""
    _with_code(user, code, _delete)
    record_change(user, second_factor=("on", "off"))
    log.info("Second factor switched off", user_id=user.pk)


def reset(user: User) -> bool:
    """Take the factor from somebody who has lost phone and codes. False when there was none."""
    deleted, _models = SecondFactor.objects.filter(user=user).delete()
    if deleted:
        record_change(user, second_factor=("on", "reset by somebody else"))
        log.warning("Second factor reset", user_id=user.pk)
    return deleted > 0


def _with_code(
    user: User, code: str, change: Callable[[SecondFactor], None], *, confirmed: bool = True
) -> None:
    """Check the code and change the row in one transaction. A wrong code is counted, whatever else is given up."""
    with transaction.atomic():
        rows = SecondFactor.objects.filter(user=user, confirmed_at__isnull=not confirmed)
        factor = rows.select_for_update().first()
        if factor is None:
            raise WrongCodeError
        now = timezone.now()
        is_right = _take(factor, code, now=now)
        if is_right:
            factor.failures, factor.locked_until = 0, None
            change(factor)
        else:
            _count_failure(factor, now)
    if not is_right:
        raise WrongCodeError


def _delete(factor: SecondFactor) -> None:
    factor.delete()


def _take(factor: SecondFactor, code: str, *, now: datetime) -> bool:
    """A lock holds for codes of the app: who knows the password only must not keep the owner out. Raises LockedError."""
    clean = "".join(code.split()).replace("-", "").lower()
    # Nobody guesses 80 bits, so these need no lock.
    if _take_recovery_code(factor, clean):
        return True
    if factor.locked_until and factor.locked_until > now:
        raise LockedError(factor.locked_until)
    return _take_app_code(factor, clean)


def _take_app_code(factor: SecondFactor, code: str) -> bool:
    """Accept the code of now and of a step before and after, none twice."""
    if not code.isascii() or not code.isdecimal() or len(code) != 6:
        return False
    totp = TOTP(base64.b32decode(factor.secret), step=_STEP_S)
    totp.time = time.time()
    if not totp.verify(int(code), tolerance=1, min_t=factor.last_step + 1):
        return False
    factor.last_step = totp.t()
    return True


def _take_recovery_code(factor: SecondFactor, code: str) -> bool:
    used = digest(code)
    if used not in factor.recovery_digests:
        return False
    factor.recovery_digests = [kept for kept in factor.recovery_digests if kept != used]
    return True


def _count_failure(factor: SecondFactor, now: datetime) -> None:
    factor.failures += 1
    if factor.failures >= TRIES:
        factor.failures, factor.locked_until = 0, now + LOCKED_FOR
        log.warning("Second factor locked for a while", user_id=factor.user_id)
    factor.save(update_fields=["failures", "locked_until"])


def _new_codes(factor: SecondFactor) -> list[str]:
    """Replace the recovery codes. Each has 80 random bits, which need no slow digest, and is shown in four groups."""
    codes = [
        base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)
    ]
    factor.recovery_digests = [digest(code) for code in codes]
    return ["-".join(_in_fours(code)) for code in codes]


def _in_fours(text: str) -> list[str]:
    return [text[place : place + 4] for place in range(0, len(text), 4)]
