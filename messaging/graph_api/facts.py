"""What we know about one Meta error: the words the catalogue, the exceptions and the screens share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ErrorClass(StrEnum):
    """What the sender does next. Source: our reading of Cloud API, Error codes, 2026-11-22."""

    REQUEST = "request"  # our request is wrong: fail, tell a developer
    RETRY = "retry"  # transient: again after a growing pause
    RETRY_LATER = "retry_later"  # a rate limit: wait, the attempt does not count
    RECIPIENT = "recipient"  # never works for this recipient
    TEMPLATE = "template"  # never works until the template changes
    ACCOUNT = "account"  # stop the scope (message, number, account, country), raise an alert
    CREDENTIAL = "credential"  # token or permission: stop the line, keep what waits
    UNKNOWN_OUTCOME = "unknown_outcome"  # may or may not have been sent: never resend blindly
    OPERATIONS = "operations"  # registration, sign-up, management: not in the send path
    INFORMATION = "information"  # worth knowing, nothing failed


class WhoActs(StrEnum):
    BAKERY = "bakery"
    PLATFORM = "platform"
    META = "meta"
    SUPPLIER = "supplier"  # the recipient of the message


class Scope(StrEnum):
    """How much is affected. PAIR is one sending number towards one recipient."""

    MESSAGE = "message"
    RECIPIENT = "recipient"
    PAIR = "pair"
    NUMBER = "number"
    ACCOUNT = "account"
    APP = "app"
    TEMPLATE = "template"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Text:
    en: str
    es: str

    def in_language(self, language: str | None) -> str:
        """Return the text for `es`, `es-mx`, `es_ES` …; English for every other language."""
        return self.es if spoken_for(language) == "es" and self.es else self.en


def spoken_for(language: str | None) -> str:
    """Return in which of its languages the catalogue speaks to readers of this one."""
    primary = (language or "").replace("_", "-").partition("-")[0].lower()
    return "es" if primary == "es" else "en"


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """One row of the catalogue. `retry_delays_s` are the pauses before each next try; empty: none."""

    code: int | None
    error_class: ErrorClass
    title: Text
    who_acts: WhoActs
    action: Text
    retry_delays_s: tuple[float, ...]
    scope: Scope
    doc_url: str


DOCUMENTATION = "https://developers.facebook.com/documentation/business-messaging/whatsapp"
ERROR_CODES_URL = f"{DOCUMENTATION}/support/error-codes"
GRAPH_ERRORS_URL = "https://developers.facebook.com/docs/graph-api/guides/error-handling"
GRAPH_LIMITS_URL = "https://developers.facebook.com/docs/graph-api/overview/rate-limiting"

# 5 s, 25 s, 2 min, 10 min, 1 h; whoever waits adds jitter.
USUAL_RETRIES: tuple[float, ...] = (5.0, 25.0, 120.0, 600.0, 3600.0)


def row(
    code: int | None,
    error_class: ErrorClass,
    who_acts: WhoActs,
    scope: Scope,
    *,
    title: tuple[str, str],
    action: tuple[str, str],
    delays: tuple[float, ...] = (),
    doc_url: str = ERROR_CODES_URL,
) -> ErrorFacts:
    """Build one catalogue row; `title` and `action` are (English, Spanish)."""
    return ErrorFacts(
        code=code,
        error_class=error_class,
        title=Text(*title),
        who_acts=who_acts,
        action=Text(*action),
        retry_delays_s=delays,
        scope=scope,
        doc_url=doc_url,
    )
