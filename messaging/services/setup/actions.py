"""What the set-up does at somebody's press: the default number, the subscription, the test message."""

from __future__ import annotations

import structlog
from django.db import transaction

from messaging.models import Message, MessageTemplate, SetupCheck, SetupKey, SetupState
from messaging.services.accounts import current_account, webhook_verify_token
from messaging.services.graph import graph_api_for
from messaging.services.numbers import make_default
from messaging.services.setup.checking import run_checks
from messaging.services.setup.fields import NEEDED, USEFUL
from messaging.services.setup.number_checks import TEMPLATE
from messaging.services.setup.product_checks import test
from messaging.services.setup.reading import WHATSAPP, Reading
from messaging.services.token_verification import app_of
from messaging.services.trial import NobodySendsFromItError, bakery_that_sends_from, send_trial
from messaging.services.webhook_address import is_ours, is_simulated, our_address
from tenants.models import PhoneNumber

log = structlog.get_logger(__name__)

_NUMBERS_TRIED = 50


class NoTemplateError(Exception):
    """The guide's template cannot be sent yet."""


class AddressElsewhereError(Exception):
    """The app posts to another address than ours, or to none."""


def choose_default(number: PhoneNumber) -> None:
    """Let this number send for bakeries without one. Raises NumberInUseError."""
    make_default(number)
    run_checks([SetupKey.NUMBERS, SetupKey.ASSIGNED])


def subscribe() -> None:
    """Subscribe our app to the account's events; removes an override of the address. Raises GraphApiError, NoAccountError."""
    account = current_account()
    graph_api_for(account).subscribe_app(account.waba_id)
    run_checks([SetupKey.WEBHOOK, SetupKey.SUBSCRIPTION])


def mend_subscription() -> None:
    """Do what the line of the subscription asks for: add the fields that are missing, else subscribe the app.

    Raises GraphApiError, NoAccountError, NoAppError and AddressElsewhereError.
    """
    row = SetupCheck.objects.filter(key=SetupKey.SUBSCRIPTION).first()
    if row is not None and row.code == "fields_missing":
        _add_fields()
    else:
        subscribe()


def _add_fields() -> None:
    """Subscribe the app to all we know what to do with, beside what it gets already."""
    account = current_account()
    app_id, secret = app_of(account)
    api = graph_api_for(account)
    rows = api.app_subscriptions(app_id=app_id, app_secret=secret)
    ours = next((row for row in rows if row.object == WHATSAPP), None)
    # The call would overwrite the one address of the app.
    if ours is None or not is_ours(ours.callback_url):
        raise AddressElsewhereError
    api.subscribe_to_fields(
        app_id=app_id,
        app_secret=secret,
        callback_url=our_address(),
        verify_token=webhook_verify_token(),
        fields=list(dict.fromkeys([*ours.fields, *NEEDED, *USEFUL])),
    )
    log.info("App subscribed to webhook fields", app_id=app_id)
    run_checks([SetupKey.WEBHOOK, SetupKey.SUBSCRIPTION])


def send_test(*, to: str, requested_by: str) -> Message:
    """Send the guide's template with its examples, the way orders go; the line waits for its signed status.

    Raises NoTemplateError, NobodySendsFromItError and RefusedError.
    """
    template = MessageTemplate.objects.sendable().filter(name=TEMPLATE).by_name().first()
    if template is None:
        raise NoTemplateError
    queued = send_trial(_sender(), to=to, template=template, requested_by=requested_by)
    with transaction.atomic():
        row, _created = SetupCheck.objects.get_or_create(key=SetupKey.TEST)
        # The proof of an earlier test is no longer asked about; that it once worked stays.
        row.found, row.code = SetupState.WAITING, "test_on_its_way"
        row.facts = {"message": str(queued.message.pk), "status": queued.message.status}
        row.was_simulated = is_simulated()
        row.save(update_fields=["found", "code", "facts", "was_simulated"])
    run_checks([SetupKey.TEST])
    return queued.message


def follow_test() -> None:
    """Look whether the status of the test has arrived, if one is on its way. Writes only when there is news."""
    row = SetupCheck.objects.filter(key=SetupKey.TEST, found=SetupState.WAITING).first()
    if row is None:
        return
    now = test(Reading())
    if (now.found, now.code, now.facts) != (row.found, row.code, row.facts):
        run_checks([SetupKey.TEST])


def _sender() -> PhoneNumber:
    """Return a number that some bakery sends from, the default one if it can be. Raises NobodySendsFromItError."""
    for number in PhoneNumber.objects.order_by("-is_default", "id")[:_NUMBERS_TRIED]:
        if bakery_that_sends_from(number) is not None:
            return number
    raise NobodySendsFromItError
