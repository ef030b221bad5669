"""Words for what the rows keep in short English or in Meta's codes: outcomes of attempts, verdicts, prices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from messaging.graph_api.catalogue import facts_for
from messaging.graph_api.errors_default import UNKNOWN_REFUSAL
from messaging.graph_api.facts import ErrorClass
from messaging.graph_api.failures import Failure
from messaging.services.explaining import explain_code
from tenants.display import link, page_url

if TYPE_CHECKING:
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

_OUTCOMES: dict[str, StrOrPromise] = {
    "accepted": gettext_lazy("accepted"),
    "held": gettext_lazy("held"),
    ErrorClass.REQUEST: gettext_lazy("our request was wrong"),
    ErrorClass.RETRY: gettext_lazy("to be tried again"),
    ErrorClass.RETRY_LATER: gettext_lazy("too fast, to be tried again"),
    ErrorClass.RECIPIENT: gettext_lazy("not to this recipient"),
    ErrorClass.TEMPLATE: gettext_lazy("not with this template"),
    ErrorClass.ACCOUNT: gettext_lazy("account or number stopped"),
    ErrorClass.CREDENTIAL: gettext_lazy("token refused"),
    ErrorClass.UNKNOWN_OUTCOME: gettext_lazy("no answer"),
}
_FAILURES: dict[str, StrOrPromise] = {
    Failure.NO_ADDRESS: gettext_lazy(
        "The address of Meta's server could not be looked up (DNS). Nothing was sent."
    ),
    Failure.REFUSED: gettext_lazy("The connection to Meta was refused. Nothing was sent."),
    Failure.UNREACHABLE: gettext_lazy("Meta's server could not be reached. Nothing was sent."),
    Failure.CONNECT_TIMEOUT: gettext_lazy(
        "No connection to Meta came about in time (timeout). Nothing was sent."
    ),
    Failure.CERTIFICATE: gettext_lazy(
        "The certificate at the other end is not valid for Meta. Nothing was sent."
    ),
    Failure.NOT_WRITTEN: gettext_lazy(
        "The request could not be written: an address or a header of ours is wrong. Nothing was sent."
    ),
    Failure.NO_CONNECTION: gettext_lazy(
        "All our connections to Meta were busy for too long. Nothing was sent."
    ),
    Failure.TIMEOUT: gettext_lazy(
        "Meta took the request and did not answer in time (timeout). It may have been sent."
    ),
    Failure.BROKEN_OFF: gettext_lazy(
        "The connection broke off before Meta's answer was complete. It may have been sent."
    ),
    Failure.NOT_META: gettext_lazy(
        "What answered was not Meta, or not clearly: often a proxy in between. It may have been sent."
    ),
    Failure.OURS: gettext_lazy(
        "A fault of ours broke it off; the log has the particulars. It may have been sent."
    ),
}
_VERDICTS: dict[str, StrOrPromise] = {
    "applied": gettext_lazy("applied"),
    "repeated": gettext_lazy("repeated"),
    "kept": gettext_lazy("kept"),
    "ignored": gettext_lazy("ignored"),
    "malformed": gettext_lazy("not readable"),
    "error": gettext_lazy("error"),
}
# What the services that apply webhooks write beside their verdicts; problems of a malformed body are for developers and stay.
REASONS = (
    gettext_noop("It could not be applied; see the traceback."),
    gettext_noop("The body is not JSON."),
    gettext_noop("Meta reports an error of its own."),
    gettext_noop("Read again from Meta."),
    gettext_noop("Nothing to do for this field."),
    gettext_noop("We do not know this status."),
    gettext_noop("No message of ours has this id."),
    gettext_noop("It speaks of another sending number than the message's."),
    gettext_noop("The number it was sent to is none of ours."),
    gettext_noop("It speaks of a template, a number or an account that is none of ours."),
    gettext_noop("Newer news stands already."),
    gettext_noop("We do not know this preference."),
    gettext_noop("It is about our answer to an opt-out."),
)
_PASSING = frozenset({ErrorClass.RETRY, ErrorClass.RETRY_LATER})
_MESSAGE = re.compile(r"message ([0-9a-f-]{36})")


def outcome_words(outcome: str) -> StrOrPromise:
    return _OUTCOMES.get(outcome, outcome.replace("_", " "))


def failure_words(failure: str) -> StrOrPromise:
    """Say why an attempt got no answer of Meta's."""
    return _FAILURES.get(failure, failure.replace("_", " "))


def verdict_words(verdict: str) -> StrOrPromise:
    return _VERDICTS.get(verdict, verdict or "?")


def call_words(code: int | None, *, then: str) -> dict[str, str]:
    """Return `title`, `code` (" (131047)", or empty when there is none) and `action` for a call that sends no message.

    `then` is what to do when Meta did not answer or its trouble passes: the catalogue's advice on both is about a message.
    """
    known = explain_code(code, translation.get_language() or "en")
    if code is None:
        return {"title": _("Meta did not answer, or not clearly."), "code": "", "action": then}
    facts, title = facts_for(code), known.title
    if facts.title is UNKNOWN_REFUSAL.title:
        title = _("Meta refused it for a reason that is not in our list.")
    action = then if facts.error_class in _PASSING else known.action
    return {"title": title, "code": f" ({code})", "action": action}


def reason(why: str) -> SafeString | str:
    """Translate the reason of a verdict; one that names a message becomes a link to it."""
    if found := _MESSAGE.fullmatch(why):
        return link(page_url("messaging_message", found[1]), _("the message"))
    return _(why) if why in REASONS else why


def price(pricing: dict[str, Any] | None, *, is_lost: bool = False) -> str:
    """Say what Meta's `pricing` says, such as "charged · utility · for each message"; a dash while it says nothing.

    It is told when a message is sent, and only what is delivered is charged: of one that was lost after that it says nothing.

    Source: Webhooks reference, statuses, `pricing`, 2026-11-22.
    """
    if not pricing:
        return "–"
    billable, model = pricing.get("billable"), pricing.get("pricing_model")
    kind, category = pricing.get("type"), pricing.get("category")
    words = []
    if isinstance(billable, bool) and not is_lost:
        words.append(_("charged") if billable else _("free of charge"))
    words.append(str(category or ""))
    if kind and kind != "regular":
        words.append(str(kind).replace("_", " "))
    words.append(
        {"PMP": _("for each message"), "CBP": _("for each conversation")}.get(
            str(model), str(model or "")
        )
    )
    return " · ".join(filter(None, words)) or "–"
