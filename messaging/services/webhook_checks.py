"""Why statuses may not arrive: each probable cause is tried, at Meta and at our own address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import redis
from django.utils.translation import gettext_lazy as _

from messaging.graph_api.client import GraphApi
from messaging.graph_api.errors import GraphApiError
from messaging.services import refusals
from messaging.services.graph import graph_api_for
from messaging.services.token_verification import NoAppError, app_of
from messaging.services.webhook_address import (
    ask_address,
    is_ours,
    is_simulated,
    our_address,
    shown,
    worst_of,
)
from messaging.services.webhook_findings import (
    RESULTS,
    TITLES,
    WORDS,
    Cause,
    Check,
    Finding,
    Result,
    sentence_of,
)
from tenants.models import PhoneNumber, WhatsAppBusinessAccount

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

__all__ = [
    "NO_CAUSE",
    "RESULTS",
    "TITLES",
    "WORDS",
    "Cause",
    "Check",
    "Finding",
    "Result",
    "find_address",
    "find_subscription",
    "likely_cause",
    "our_address",
    "run_checks",
    "sentence_of",
    "signature_refusals",
]

_MOST_NUMBERS = 3

NO_CAUSE: tuple[StrPromise, StrPromise] = (
    _("Every test is good, so the cause lies at Meta or on the way."),
    _("See whether the app is in Live mode and whether Meta's status page tells of trouble."),
)


def likely_cause(findings: Sequence[Finding]) -> Finding | None:
    """Return the first that is wrong; they are tried in the order of their likelihood."""
    return next((finding for finding in findings if finding.result is Result.BAD), None)


def run_checks(
    account: WhatsAppBusinessAccount,
    *,
    since: datetime,
    numbers: Sequence[PhoneNumber] | None = None,
) -> list[Finding]:
    """Try everything. Asks Meta three questions or so; changes nothing. Never raises for what it finds."""
    api = graph_api_for(account)
    if numbers is None:
        numbers = list(account.phone_numbers.order_by("-is_default", "id")[:1])
    return [
        find_subscription(api, account),
        find_address(api, numbers[:_MOST_NUMBERS]),
        _app(api, account),
        _signature(since),
        _reachable(),
    ]


def signature_refusals(*, since: datetime) -> int:
    """Return how many deliveries were refused since then for their signature; 0 while Redis does not answer."""
    try:
        return sum(refusal.count for refusal in refusals.refusals(since))
    except redis.RedisError:
        return 0


# --- The tests -----------------------------------------------------------------------------------
def find_subscription(api: GraphApi, account: WhatsAppBusinessAccount) -> Finding:
    if not account.app_id:
        return Finding(Check.SUBSCRIBED, Result.UNKNOWN, Cause.NO_APP)
    try:
        apps = api.subscribed_apps(account.waba_id)
    except GraphApiError as error:
        return _refused(Check.SUBSCRIBED, error)
    ours = next((app for app in apps if app.app_id == account.app_id), None)
    if ours is None:
        return Finding(Check.SUBSCRIBED, Result.BAD, Cause.NOT_SUBSCRIBED, account.app_id)
    if ours.override_callback_uri and not is_ours(ours.override_callback_uri):
        fact = shown(ours.override_callback_uri)
        return Finding(Check.SUBSCRIBED, Result.BAD, Cause.OTHER_ADDRESS, fact)
    return Finding(Check.SUBSCRIBED, Result.OK)


def find_address(api: GraphApi, numbers: Sequence[PhoneNumber]) -> Finding:
    untold = Finding(Check.ADDRESS, Result.UNKNOWN, Cause.META_UNTOLD)
    for number in numbers:
        try:
            told = api.webhook_configuration(number.phone_number_id)
        except GraphApiError as error:
            return _refused(Check.ADDRESS, error)
        if told is None or not told.in_force:
            continue
        if not is_ours(told.in_force):
            return Finding(Check.ADDRESS, Result.BAD, Cause.OTHER_ADDRESS, shown(told.in_force))
        untold = Finding(Check.ADDRESS, Result.OK)
    return untold


def _app(api: GraphApi, account: WhatsAppBusinessAccount) -> Finding:
    try:
        app_id, app_secret = app_of(account)
        rows = api.app_subscriptions(app_id=app_id, app_secret=app_secret)
    except NoAppError:
        return Finding(Check.APP, Result.UNKNOWN, Cause.NO_APP)
    except GraphApiError as error:
        return _refused(Check.APP, error)
    ours = next((row for row in rows if row.object == "whatsapp_business_account"), None)
    if ours is None or not ours.is_active:
        return Finding(Check.APP, Result.BAD, Cause.APP_INACTIVE)
    if "messages" not in ours.fields:
        return Finding(Check.APP, Result.BAD, Cause.FIELD_MISSING)
    return Finding(Check.APP, Result.OK)


def _signature(since: datetime) -> Finding:
    refused = signature_refusals(since=since)
    if refused:
        return Finding(Check.SIGNATURE, Result.BAD, Cause.SIGNATURE_REFUSED, str(refused))
    return Finding(Check.SIGNATURE, Result.OK)


def _reachable() -> Finding:
    """Ask our own public address as Meta does when it verifies one."""
    if is_simulated():
        return Finding(Check.REACHABLE, Result.SKIPPED, Cause.SIMULATED)
    worst = worst_of(ask_address())
    if worst is None:
        return Finding(Check.REACHABLE, Result.OK)
    return Finding(Check.REACHABLE, Result.BAD, worst.cause, worst.fact)


def _refused(check: Check, error: GraphApiError) -> Finding:
    fact = type(error).__name__ if error.code is None else str(error.code)
    return Finding(check, Result.UNKNOWN, Cause.META_REFUSED, fact)
