"""Bringing a number into service at Meta: its code, its registration, its health."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from messaging import queues
from messaging.graph_api.errors import GraphApiError, NoAnswerError
from messaging.services.graph import graph_api_for
from messaging.services.numbers import sync_phone_numbers
from tenants.audit import update_logged
from tenants.models import NumberSetup, PhoneNumber

log = structlog.get_logger(__name__)

# Meta locks a number for 72 hours after ten tries within as many (Registration, read 2026-11-22). Others may have used some.
REGISTER_WINDOW = timedelta(hours=72)
REGISTER_TRIES = 8
CODE_LIVES = timedelta(minutes=10)
_WRONG_PIN = 133005


class TooManyTriesError(Exception):
    """Trying once more could lock the number; `until` says when it is safe again."""

    def __init__(self, until: datetime) -> None:
        super().__init__("The number was registered too often within 72 hours.")
        self.until = until


def request_code(number: PhoneNumber, *, method: str, language: str) -> None:
    """Let Meta send the code to the number by SMS or VOICE. Raises GraphApiError."""
    graph_api_for(number.account).request_code(
        number.phone_number_id, method=method, language=language
    )
    NumberSetup.objects.update_or_create(
        phone_number=number, defaults={"code_requested_at": timezone.now()}
    )
    log.info("Verification code requested", phone_number_id=number.phone_number_id, method=method)


def enter_code(number: PhoneNumber, code: str) -> bool:
    """Prove with the code that the number is ours, and read it again; False when only the reading failed.

    Raises GraphApiError. After a NoAnswerError the numbers are read soon, which settles whether Meta took the code.
    """
    try:
        graph_api_for(number.account).verify_code(number.phone_number_id, code)
    except NoAnswerError:
        queues.wake_sync()
        raise
    NumberSetup.objects.filter(phone_number=number).update(code_requested_at=None)
    log.info("Number verified", phone_number_id=number.phone_number_id)
    return _read_again()


def register_number(number: PhoneNumber, *, pin: str = "") -> bool:
    """Register the number for sending, and read it again; False when only the reading failed.

    Without `pin` the stored one is used, or a new one made. It is stored before Meta is asked: an answer that is lost
    must not lose it. Raises TooManyTriesError and GraphApiError; after a NoAnswerError the numbers are read soon.
    """
    kept, pin = _note_try(number, pin)
    try:
        graph_api_for(number.account).register(number.phone_number_id, pin=pin)
    except NoAnswerError:
        queues.wake_sync()
        raise
    except GraphApiError as error:
        # Meta took nothing, so what was stored before still holds; a PIN that Meta calls wrong holds for nothing.
        stored = "" if error.code == _WRONG_PIN and kept == pin else kept
        update_logged(NumberSetup.objects.filter(phone_number=number), pin=stored)
        raise
    log.info("Number registered", phone_number_id=number.phone_number_id)
    return _read_again()


def _read_again() -> bool:
    """What Meta has just done is done, also when it cannot be read; another try would count against Meta's limit."""
    try:
        sync_phone_numbers()
    except GraphApiError as error:
        log.warning("Numbers not read after a change", error=str(error))
        queues.wake_sync()
        return False
    return True


def _note_try(number: PhoneNumber, pin: str) -> tuple[str, str]:
    """Count the try and store the PIN it uses; return the PIN stored before and the one to use."""
    now = timezone.now()
    with transaction.atomic():
        NumberSetup.objects.get_or_create(phone_number=number)
        setup = NumberSetup.objects.select_for_update().get(phone_number=number)
        recent = setup.tries_since(now - REGISTER_WINDOW)
        if len(recent) >= REGISTER_TRIES:
            raise TooManyTriesError(datetime.fromisoformat(recent[0]) + REGISTER_WINDOW)
        kept = setup.pin
        setup.pin = pin or kept or f"{secrets.randbelow(1_000_000):06}"
        setup.register_tried_at = [*recent, now.isoformat()]
        setup.save(update_fields=["pin", "register_tried_at"])
    return kept, setup.pin
