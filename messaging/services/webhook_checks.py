"""Why statuses may not arrive: each probable cause is tried, at Meta and at our own address."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import redis
import requests
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from messaging.graph_api.client import GraphApi, new_session
from messaging.graph_api.errors import GraphApiError
from messaging.services import refusals
from messaging.services.accounts import webhook_verify_token
from messaging.services.graph import graph_api_for
from messaging.services.token_verification import NoAppError, app_of
from tenants.models import PhoneNumber, WhatsAppBusinessAccount

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

META_HOST = "graph.facebook.com"
_TIMEOUT_S = (3.05, 10.0)
_FORBIDDEN = 403
_MOST_NUMBERS = 3


class Check(StrEnum):
    SUBSCRIBED = "subscribed"
    ADDRESS = "address"
    APP = "app"
    SIGNATURE = "signature"
    REACHABLE = "reachable"


class Cause(StrEnum):
    """What a test may find. The words are in `WORDS`."""

    NONE = ""
    NOT_SUBSCRIBED = "not_subscribed"
    NO_APP = "no_app"
    OTHER_ADDRESS = "other_address"
    APP_INACTIVE = "app_inactive"
    FIELD_MISSING = "field_missing"
    SIGNATURE_REFUSED = "signature_refused"
    NOT_HTTPS = "not_https"
    LOCAL_ADDRESS = "local_address"
    CERTIFICATE = "certificate"
    VERIFY_TOKEN = "verify_token"  # noqa: S105 (a name, not a token)
    WRONG_ANSWER = "wrong_answer"
    UNREACHABLE = "unreachable"
    META_REFUSED = "meta_refused"
    META_UNTOLD = "meta_untold"
    SIMULATED = "simulated"


class Result(StrEnum):
    OK = "ok"
    BAD = "bad"
    UNKNOWN = "unknown"  # the test itself was not possible
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one test found. `fact` is a word for the sentence: an address, a count, an error."""

    check: Check
    result: Result
    cause: Cause = Cause.NONE
    fact: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Finding:
        return cls(
            Check(row["check"]), Result(row["result"]), Cause(row["cause"]), str(row["fact"])
        )


TITLES: dict[Check, StrPromise] = {
    Check.SUBSCRIBED: _("Our app is subscribed to the account"),
    Check.ADDRESS: _("Meta posts to our address"),
    Check.APP: _("The app gets the field messages"),
    Check.SIGNATURE: _("Signatures are right"),
    Check.REACHABLE: _("Our address answers, with a valid certificate"),
}
RESULTS: dict[Result, StrPromise] = {
    Result.OK: _("good"),
    Result.BAD: _("wrong"),
    Result.UNKNOWN: _("could not be tested"),
    Result.SKIPPED: _("left out"),
}
# What was found and what to do.
WORDS: dict[Cause, tuple[StrPromise, StrPromise]] = {
    Cause.NOT_SUBSCRIBED: (
        _("The app %(fact)s is not subscribed to the account, so Meta sends it nothing."),
        _("Subscribe it: POST to /{WABA}/subscribed_apps with the access token (Operations, 4)."),
    ),
    Cause.NO_APP: (
        _("App id or app secret is not stored, so this cannot be tested."),
        _("Save both on the account's page."),
    ),
    Cause.OTHER_ADDRESS: (
        _("Meta posts to another address than ours: %(fact)s."),
        _("Set our address in the app's webhook settings at Meta, and remove the override."),
    ),
    Cause.APP_INACTIVE: (
        _("The app has no active webhook subscription for WhatsApp."),
        _("Open the app at Meta, WhatsApp, Configuration, and save address and verify token."),
    ),
    Cause.FIELD_MISSING: (
        _("The app is not subscribed to the field messages, which carries the statuses."),
        _("Open the app at Meta, WhatsApp, Configuration, and subscribe to messages."),
    ),
    Cause.SIGNATURE_REFUSED: (
        _("Deliveries were refused lately because their signature was wrong: %(fact)s."),
        _("Save the app secret of Meta's app on the account's page; Meta repeats for seven days."),
    ),
    Cause.NOT_HTTPS: (
        _("Our address does not begin with https, and Meta posts to nothing else."),
        _("Set SITE_URL to the public https address."),
    ),
    Cause.LOCAL_ADDRESS: (
        _("Our address %(fact)s is of this machine or network only; Meta cannot reach it."),
        _("Set SITE_URL to the public https address."),
    ),
    Cause.CERTIFICATE: (
        _("The certificate of %(fact)s is not valid; Meta refuses such a connection."),
        _("Renew the certificate with its whole chain at the proxy."),
    ),
    Cause.VERIFY_TOKEN: (
        _("Our address refuses our own verify token, so another installation answers there."),
        _("Check that SITE_URL leads to this installation, and the proxy in front of it."),
    ),
    Cause.WRONG_ANSWER: (
        _("Our address answers with HTTP %(fact)s instead of the challenge."),
        _("Look at the proxy: it must pass the path on unchanged, without log-in or redirect."),
    ),
    Cause.UNREACHABLE: (
        _("Our address does not answer from here (%(fact)s)."),
        _("Open it from outside. Check name, firewall and proxy."),
    ),
    Cause.META_REFUSED: (
        _("Meta did not answer this question (%(fact)s)."),
        _("Nothing to do for this test alone."),
    ),
    Cause.META_UNTOLD: (
        _("Meta does not tell where it posts to."),
        _("Nothing to do for this test alone."),
    ),
    Cause.SIMULATED: (
        _("Meta is the simulator here, which posts on this machine."),
        _("Nothing to do."),
    ),
}
NO_CAUSE: tuple[StrPromise, StrPromise] = (
    _("Every test is good, so the cause lies at Meta or on the way."),
    _("See whether the app is in Live mode and whether Meta's status page tells of trouble."),
)


def sentence_of(finding: Finding) -> str:
    """Say what was found; empty for what is good."""
    words = WORDS.get(finding.cause)
    return str(words[0]) % {"fact": finding.fact} if words else ""


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
        _subscribed(api, account),
        _address(api, numbers[:_MOST_NUMBERS]),
        _app(api, account),
        _signature(since),
        _reachable(),
    ]


def our_address() -> str:
    return f"{settings.SITE_URL}{reverse('whatsapp-webhook')}"


def signature_refusals(*, since: datetime) -> int:
    """Return how many deliveries were refused since then for their signature; 0 while Redis does not answer."""
    try:
        return sum(refusal.count for refusal in refusals.refusals(since))
    except redis.RedisError:
        return 0


# --- The tests -----------------------------------------------------------------------------------
def _subscribed(api: GraphApi, account: WhatsAppBusinessAccount) -> Finding:
    if not account.app_id:
        return Finding(Check.SUBSCRIBED, Result.UNKNOWN, Cause.NO_APP)
    try:
        apps = api.subscribed_apps(account.waba_id)
    except GraphApiError as error:
        return _refused(Check.SUBSCRIBED, error)
    ours = next((app for app in apps if app.app_id == account.app_id), None)
    if ours is None:
        return Finding(Check.SUBSCRIBED, Result.BAD, Cause.NOT_SUBSCRIBED, account.app_id)
    if ours.override_callback_uri and not _is_ours(ours.override_callback_uri):
        fact = _shown(ours.override_callback_uri)
        return Finding(Check.SUBSCRIBED, Result.BAD, Cause.OTHER_ADDRESS, fact)
    return Finding(Check.SUBSCRIBED, Result.OK)


def _address(api: GraphApi, numbers: Sequence[PhoneNumber]) -> Finding:
    untold = Finding(Check.ADDRESS, Result.UNKNOWN, Cause.META_UNTOLD)
    for number in numbers:
        try:
            told = api.webhook_configuration(number.phone_number_id)
        except GraphApiError as error:
            return _refused(Check.ADDRESS, error)
        if told is None or not told.in_force:
            continue
        if not _is_ours(told.in_force):
            return Finding(Check.ADDRESS, Result.BAD, Cause.OTHER_ADDRESS, _shown(told.in_force))
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
    address = our_address()
    parts = urlsplit(address)
    if urlsplit(settings.WHATSAPP_GRAPH_URL).hostname != META_HOST:
        return Finding(Check.REACHABLE, Result.SKIPPED, Cause.SIMULATED)
    if _is_local(parts.hostname or ""):
        return Finding(Check.REACHABLE, Result.BAD, Cause.LOCAL_ADDRESS, _shown(address))
    if parts.scheme != "https":
        return Finding(Check.REACHABLE, Result.BAD, Cause.NOT_HTTPS)
    return _answer_of(address)


def _answer_of(address: str) -> Finding:
    challenge = secrets.token_hex(8)
    question = {
        "hub.mode": "subscribe",
        "hub.challenge": challenge,
        "hub.verify_token": webhook_verify_token(),
    }
    host = urlsplit(address).hostname or ""
    try:
        with new_session(1) as session:
            answer = session.get(
                address, params=question, timeout=_TIMEOUT_S, allow_redirects=False
            )
    except requests.exceptions.SSLError:
        return Finding(Check.REACHABLE, Result.BAD, Cause.CERTIFICATE, host)
    except requests.RequestException as error:
        # Only its kind: the text holds the address with the verify token.
        return Finding(Check.REACHABLE, Result.BAD, Cause.UNREACHABLE, type(error).__name__)
    if answer.status_code == requests.codes.ok and answer.text == challenge:
        return Finding(Check.REACHABLE, Result.OK)
    if answer.status_code == _FORBIDDEN:
        return Finding(Check.REACHABLE, Result.BAD, Cause.VERIFY_TOKEN)
    return Finding(Check.REACHABLE, Result.BAD, Cause.WRONG_ANSWER, str(answer.status_code))


def _refused(check: Check, error: GraphApiError) -> Finding:
    fact = type(error).__name__ if error.code is None else str(error.code)
    return Finding(check, Result.UNKNOWN, Cause.META_REFUSED, fact)


def _is_ours(address: str) -> bool:
    return _shown(address) == _shown(our_address())


def _shown(address: str) -> str:
    """Return the address without what may be secret in it, for people and for comparing."""
    parts = urlsplit(address)
    port = f":{parts.port}" if parts.port else ""
    return (
        f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}{port}{parts.path.rstrip('/')}"
    )


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
