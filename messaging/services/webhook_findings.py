"""What tests of the webhook may find, and the words for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


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
    UNRESOLVED = "unresolved"
    PRIVATE_ADDRESS = "private_address"
    ASKED_INSIDE = "asked_inside"
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
    Cause.UNRESOLVED: (
        _("Asked from here, the name %(fact)s leads nowhere."),
        _("Enter it in the public DNS, or correct SITE_URL."),
    ),
    Cause.PRIVATE_ADDRESS: (
        _("Asked from here, our address leads into a private network (%(fact)s)."),
        _(
            "Ask a resolver outside. If it says the same, Meta cannot reach us: set SITE_URL to a public https address."
        ),
    ),
    Cause.ASKED_INSIDE: (
        _(
            "Asked from here, it leads into our own network (%(fact)s); outside it leads elsewhere, for Meta's webhooks arrive."
        ),
        _("Nothing to do."),
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


class Found(Protocol):
    """Whatever has a cause and a word for its sentence."""

    @property
    def cause(self) -> Cause: ...
    @property
    def fact(self) -> str: ...


def sentence_of(finding: Found) -> str:
    """Say what was found; empty for what is good."""
    words = WORDS.get(finding.cause)
    return str(words[0]) % {"fact": finding.fact} if words else ""
