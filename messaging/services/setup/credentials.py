"""What is pasted into the set-up: tried at Meta as far as that is possible yet, then kept, without a restart.

The access token goes through services/tokens.py, as everywhere. No secret is logged, returned or shown, except a new verify
token, once, to be copied to Meta.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import transaction

from messaging import queues
from messaging.graph_api.errors import GraphApiError
from messaging.models import SetupKey
from messaging.services.accounts import (
    NoAccountError,
    current_account,
    forget_webhook_secrets,
    lift_secret_stop,
    pause_sending,
)
from messaging.services.graph import graph_api_for
from messaging.services.setup.checking import check_soon, run_checks
from messaging.services.setup.which_meta import is_simulators, leave_simulator
from messaging.services.token_verification import PASSING, cleaned
from messaging.services.tokens import promote_token
from messaging.services.webhook_address import is_simulated
from tenants.models import WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

_ID = re.compile(r"\d{5,25}")
_SECRET = re.compile(r"[\x21-\x7e]{8,256}")
_VERIFY_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,200}")


class PasteError(Exception):
    """What was pasted is not kept."""


class MalformedError(PasteError):
    """What was pasted cannot be what was asked for."""


class WrongAccountError(PasteError):
    """With the stored token Meta does not show this account; `code` is Meta's."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"Meta does not show the account ({code}).")
        self.code = code


class AccountInUseError(PasteError):
    """Numbers or templates hang on the present account, and Meta shows none of these numbers under the other id."""


class SimulatorsAccountError(PasteError):
    """This is the simulator's only account; away from the simulator `save_waba_id` turns it into the real one."""


class AppRefusedError(PasteError):
    """Meta does not know this app id with this secret; `code` is Meta's."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"Meta does not accept app id and secret ({code}).")
        self.code = code


def save_waba_id(pasted: str, *, by: int | None) -> None:
    """Keep the account's id, tried with the stored token if there is one.

    With the simulator's id and the real Meta it begins the real account, and sending is paused until somebody resumes it.
    Raises PasteError and, while Meta is away, GraphApiError.
    """
    waba_id = _id_of(pasted)
    try:
        account = current_account()
    except NoAccountError:
        account = None
    if account is None:
        _add_account(waba_id)
    elif account.waba_id != waba_id:
        _change_account(account, waba_id)
    log.info("WhatsApp account id saved", waba_id=waba_id, user_id=by)
    check_soon(now=[SetupKey.WABA])


def save_app(pasted_id: str, pasted_secret: str, *, by: int | None) -> int:
    """Keep app id and secret after Meta has recognised them; another secret of the same app stays behind the new one.

    Returns how many secrets are kept. Raises MalformedError, NoAccountError, AppRefusedError and, while Meta is away, GraphApiError.
    """
    account = current_account()
    app_id, secret = verify_app(pasted_id, pasted_secret, account=account)
    kept = WhatsAppBusinessAccount.objects.get(pk=account.pk)
    others = kept.app_secret_list if kept.app_id == app_id else []
    kept.app_id, kept.app_secrets = app_id, "\n".join(dict.fromkeys([secret, *others]))
    kept.save(update_fields=["app_id", "app_secrets"])
    log.info("WhatsApp app saved", app_id=app_id, user_id=by)
    use_app_of(kept)
    return len(kept.app_secret_list)


def use_app_of(account: WhatsAppBusinessAccount) -> None:
    """Let app id and secrets that were just saved count at once, for webhooks, for what waited and for the set-up."""
    forget_webhook_secrets()
    lift_secret_stop(account)
    check_soon(now=[SetupKey.APP_SECRET])


def verify_app(
    pasted_id: str, pasted_secret: str, *, account: WhatsAppBusinessAccount
) -> tuple[str, str]:
    """Return app id and secret, which Meta recognises together.

    Raises MalformedError, AppRefusedError and, while Meta is away, GraphApiError.
    """
    app_id, secret = _id_of(pasted_id), cleaned(pasted_secret)
    if not _SECRET.fullmatch(secret):
        raise MalformedError
    try:
        # The app's own token is made of nothing but these two.
        graph_api_for(account).debug_token(f"{app_id}|{secret}", app_id=app_id, app_secret=secret)
    except GraphApiError as error:
        if error.error_class in PASSING:
            raise
        raise AppRefusedError(error.code) from None
    return app_id, secret


def verify_waba_id(pasted: str, *, account: WhatsAppBusinessAccount) -> str:
    """Return the id, under which Meta shows an account to this one's token, if it has one, and none of others' numbers.

    Raises MalformedError, SimulatorsAccountError, WrongAccountError, AccountInUseError and, while Meta is away, GraphApiError.
    """
    waba_id = _id_of(pasted)
    if is_simulators(account):
        raise SimulatorsAccountError
    if account.access_token:
        try:
            graph_api_for(account).account(waba_id)
        except GraphApiError as error:
            if error.error_class in PASSING:
                raise
            raise WrongAccountError(error.code) from None
    if not account._state.adding and not _is_the_same(account, waba_id):
        raise AccountInUseError
    return waba_id


def _is_the_same(account: WhatsAppBusinessAccount, waba_id: str) -> bool:
    """Whether nothing hangs on the account, or Meta has its numbers under the other id: the stored one was wrong then."""
    ours = set(account.phone_numbers.values_list("phone_number_id", flat=True))
    if not ours:
        return not account.templates.exists()
    if not account.access_token:
        return False
    there = graph_api_for(account).phone_numbers(waba_id)
    return any(number.phone_number_id in ours for number in there)


def _id_of(pasted: str) -> str:
    """Raises MalformedError."""
    found = cleaned(pasted)
    if not _ID.fullmatch(found):
        raise MalformedError
    return found


def save_token(pasted: str, *, by: int | None) -> WhatsAppBusinessAccount:
    """Put the token into service as everywhere else. Raises TokenRefusedError and NoAccountError."""
    account = promote_token(pasted, by=by)
    check_soon(now=[SetupKey.TOKEN])
    return account


def save_verify_token(pasted: str, *, by: int | None) -> str:
    """Keep this verify token, or a new one where none is pasted, and return it. Raises MalformedError, NoAccountError."""
    account = current_account()
    token = cleaned(pasted) or secrets.token_urlsafe(24)
    if not _VERIFY_TOKEN.fullmatch(token):
        raise MalformedError
    kept = WhatsAppBusinessAccount.objects.get(pk=account.pk)
    kept.webhook_verify_token = token
    kept.save(update_fields=["webhook_verify_token"])
    log.info("Webhook verify token saved", waba_id=kept.waba_id, user_id=by)
    run_checks([SetupKey.WEBHOOK, SetupKey.ENVIRONMENT])
    return token


def _add_account(waba_id: str) -> None:
    """What the environment already gives is taken along, for from now on the database counts."""
    with transaction.atomic():
        WhatsAppBusinessAccount.objects.get_or_create(
            waba_id=waba_id,
            defaults={
                "access_token": settings.WHATSAPP_ACCESS_TOKEN,
                "app_id": settings.WHATSAPP_APP_ID,
                "app_secrets": "\n".join(settings.WHATSAPP_APP_SECRETS),
                "webhook_verify_token": settings.WHATSAPP_WEBHOOK_VERIFY_TOKEN,
            },
        )
        queues.wake_sync()


def _change_account(account: WhatsAppBusinessAccount, waba_id: str) -> None:
    if is_simulators(account) and not is_simulated():
        pause_sending(account)
        leave_simulator(account, waba_id)
        forget_webhook_secrets()
        return
    account.waba_id = verify_waba_id(waba_id, account=account)
    account.save(update_fields=["waba_id"])


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of that which the page asks for; of secrets only whether."""

    waba_id: str = ""
    app_id: str = ""
    app_secrets: int = 0
    has_token: bool = False
    has_verify_token: bool = False


def stored() -> Stored:
    try:
        account = current_account()
    except NoAccountError:
        return Stored()
    return Stored(
        waba_id=account.waba_id,
        app_id=account.app_id,
        app_secrets=len(account.app_secret_list),
        has_token=bool(account.access_token),
        has_verify_token=bool(account.webhook_verify_token),
    )
