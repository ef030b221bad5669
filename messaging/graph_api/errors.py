"""Meta's refusals and silences as exceptions, split by what the caller does next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from messaging.graph_api.catalogue import WRONG_PROOF, facts_for
from messaging.graph_api.errors_default import NOT_SENT
from messaging.graph_api.facts import ErrorClass, ErrorFacts, Scope
from messaging.graph_api.failures import Failure
from messaging.graph_api.kept_answers import kept_body
from messaging.graph_api.masking import without_secrets
from messaging.graph_api.storable import storable

__all__ = [
    "AccountError",
    "CredentialError",
    "ErrorClass",
    "GraphApiError",
    "NoAnswerError",
    "NotSentError",
    "RateLimitError",
    "RecipientError",
    "RequestError",
    "TemplateError",
    "TransientError",
    "error_from_response",
    "error_object",
]

_DETAILS_LENGTH = 1000
_BAD_PARAMETER = 100
_PROOF = "appsecret_proof"
_OBJECT_MISSING_SUBCODE = 33
_SECONDS_A_MINUTE = 60.0
_LONGEST_PAUSE_S = 86_400.0
_MOST_DIGITS = 18  # what fits into a bigint whatever the digits


class GraphApiError(Exception):
    """What went wrong with one call. Its text and `details` hold neither tokens nor whole numbers.

    `retry_after_s` is the pause Meta itself named; without one use `facts.retry_delays_s`. `user_title` and
    `user_message` are what Meta wrote for a person, in a language of its choice; mostly management calls have them.
    `failure` says why no answer of Meta's came, `answer` is what came, as `kept_answers` keeps it.
    """

    default_class: ClassVar[ErrorClass] = ErrorClass.REQUEST

    def __init__(
        self,
        details: str = "",
        *,
        code: int | None = None,
        subcode: int | None = None,
        fbtrace_id: str = "",
        http_status: int | None = None,
        retry_after_s: float | None = None,
        error_class: ErrorClass | None = None,
        facts: ErrorFacts | None = None,
        user_title: str = "",
        user_message: str = "",
        failure: Failure | None = None,
        answer: str = "",
    ) -> None:
        self.details = without_secrets(details)[:_DETAILS_LENGTH]
        super().__init__(self.details)
        self.code = code
        self.subcode = subcode
        self.fbtrace_id = fbtrace_id
        self.http_status = http_status
        self.retry_after_s = retry_after_s
        self.error_class = error_class or self.default_class
        self.facts = facts or self._facts()
        self.user_title = without_secrets(user_title)[:_DETAILS_LENGTH]
        self.user_message = without_secrets(user_message)[:_DETAILS_LENGTH]
        self.failure = failure
        self.answer = answer

    def _facts(self) -> ErrorFacts:
        return facts_for(self.code, subcode=self.subcode, http_status=self.http_status)

    def __str__(self) -> str:
        known = [f"HTTP {self.http_status}"] if self.http_status is not None else []
        if self.code is not None:
            subcode = "" if self.subcode is None else f"/{self.subcode}"
            known.append(f"code {self.code}{subcode}")
        if self.fbtrace_id:
            known.append(f"fbtrace_id {self.fbtrace_id}")
        text = self.details or self.facts.title.en
        return f"{text} ({', '.join(known)})" if known else text


class RequestError(GraphApiError):
    """Our request is wrong, or a management call was refused; trying again changes nothing."""


class TransientError(GraphApiError):
    """Meta could not serve the call and says so: nothing was sent, try again soon."""

    default_class = ErrorClass.RETRY


class RateLimitError(GraphApiError):
    """Too fast for the scope in `facts`: wait, then go on more slowly."""

    default_class = ErrorClass.RETRY_LATER


class RecipientError(GraphApiError):
    """This recipient cannot get this message."""

    default_class = ErrorClass.RECIPIENT


class TemplateError(GraphApiError):
    """The template cannot be sent as it stands."""

    default_class = ErrorClass.TEMPLATE


class AccountError(GraphApiError):
    """A number, the account or a country is stopped; see `facts.scope`."""

    default_class = ErrorClass.ACCOUNT


class CredentialError(GraphApiError):
    """Token or permission: stop all that uses the token."""

    default_class = ErrorClass.CREDENTIAL


class NoAnswerError(GraphApiError):
    """Nobody knows whether Meta acted on the call. Never resend blindly."""

    default_class = ErrorClass.UNKNOWN_OUTCOME


class NotSentError(GraphApiError):
    """The connection failed before anything was written: safe to try again."""

    default_class = ErrorClass.RETRY

    def _facts(self) -> ErrorFacts:
        return NOT_SENT


_EXCEPTIONS: dict[ErrorClass, type[GraphApiError]] = {
    ErrorClass.RETRY: TransientError,
    ErrorClass.RETRY_LATER: RateLimitError,
    ErrorClass.RECIPIENT: RecipientError,
    ErrorClass.TEMPLATE: TemplateError,
    ErrorClass.ACCOUNT: AccountError,
    ErrorClass.CREDENTIAL: CredentialError,
    ErrorClass.UNKNOWN_OUTCOME: NoAnswerError,
}


@dataclass(frozen=True, slots=True)
class _Envelope:
    code: int
    subcode: int | None
    details: str
    fbtrace_id: str
    is_transient: bool


def error_object(body: bytes) -> dict[str, Any] | None:
    """Return Meta's `error` object, or None where the body holds none and so is no answer of Meta's."""
    try:
        document = storable(json.loads(body))
    except (ValueError, RecursionError):
        return None
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict) and whole_number(error.get("code")) is not None:
        return error
    return None


def error_from_response(
    *, http_status: int, body: bytes, headers: Mapping[str, str] | None = None
) -> GraphApiError:
    """Return the exception for an unsuccessful answer; NoAnswerError where it is not Meta's envelope.

    An unknown code goes by its HTTP class. Source: Graph API, Error handling, 2026-11-22.
    """
    error = error_object(body)
    headers = {name.lower(): value for name, value in (headers or {}).items()}
    if error is None:
        kind = headers.get("content-type", "no content type").partition(";")[0]
        return NoAnswerError(
            f"No answer of Meta's: {kind}, {len(body)} bytes",
            http_status=http_status,
            failure=Failure.NOT_META,
            answer=kept_body(body),
        )
    envelope = _envelope(error)
    facts = facts_for(
        envelope.code,
        subcode=envelope.subcode,
        http_status=http_status,
        is_transient=envelope.is_transient,
    )
    return _EXCEPTIONS.get(facts.error_class, RequestError)(
        envelope.details,
        code=envelope.code,
        subcode=envelope.subcode,
        fbtrace_id=envelope.fbtrace_id,
        http_status=http_status,
        retry_after_s=_named_pause(headers, facts),
        error_class=facts.error_class,
        facts=facts,
        user_title=_words(error.get("error_user_title")),
        user_message=_words(error.get("error_user_msg")),
        answer=kept_body(body),
    )


def whole_number(value: object) -> int | None:
    """Return an int, also from digits in a string; None for anything else, booleans and endless numbers included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**_MOST_DIGITS else None
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= _MOST_DIGITS
    ):
        return int(value)
    return None


def details_of(error: Mapping[str, Any]) -> str:
    """Return Meta's most telling sentence; `error_data` may be an object, a string or absent."""
    data = error.get("error_data")
    candidates = [data.get("details") if isinstance(data, dict) else data]
    candidates += [error.get(key) for key in ("error_user_msg", "message", "title")]
    return next((text for text in candidates if isinstance(text, str) and text), "")


def _words(value: object) -> str:
    return value if isinstance(value, str) else ""


def _envelope(error: dict[str, Any]) -> _Envelope:
    code = whole_number(error.get("code"))
    subcode = whole_number(error.get("error_subcode"))
    details, trace = details_of(error), error.get("fbtrace_id")
    if code == _BAD_PARAMETER and _PROOF in _words(error.get("message")):
        # The name of the field is the only sign: no subcode comes along, and names are not translated.
        code = WRONG_PROOF
    if code == _BAD_PARAMETER and subcode is None and "does not exist" in details:
        # Meta no longer promises subcodes; this sentence is the only other sign of a missing object.
        subcode = _OBJECT_MISSING_SUBCODE
    return _Envelope(
        code=-1 if code is None else code,
        subcode=subcode,
        details=details,
        fbtrace_id=trace[:128] if isinstance(trace, str) else "",
        is_transient=error.get("is_transient") is True,
    )


def _named_pause(headers: Mapping[str, str], facts: ErrorFacts) -> float | None:
    """Return the seconds Meta asks to wait, a day at most: Retry-After, or the usage header's minutes."""
    seconds = whole_number(headers.get("retry-after", "").strip())
    if seconds is not None:
        return min(float(seconds), _LONGEST_PAUSE_S)
    if facts.error_class is not ErrorClass.RETRY_LATER or facts.scope not in _USAGE_SCOPES:
        return None
    minutes = _minutes_to_regain(headers.get("x-business-use-case-usage", ""))
    return min(minutes * _SECONDS_A_MINUTE, _LONGEST_PAUSE_S) if minutes else None


_USAGE_SCOPES = frozenset({Scope.APP, Scope.ACCOUNT})


def _minutes_to_regain(header: str) -> int:
    try:
        usage = json.loads(header)
    except (ValueError, RecursionError):
        return 0
    lists = usage.values() if isinstance(usage, dict) else ()
    rows = [row for rows in lists if isinstance(rows, list) for row in rows]
    pauses = [
        whole_number(row.get("estimated_time_to_regain_access"))
        for row in rows
        if isinstance(row, dict)
    ]
    return max((pause for pause in pauses if pause), default=0)
