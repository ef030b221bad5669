"""Meta's error codes as data: what happened, who acts, what to do next, how long to wait.

Keyed by code, never by Meta's localised text. Source: Cloud API, Error codes, 2026-11-22.
"""

from __future__ import annotations

from dataclasses import replace

from messaging.graph_api import (
    errors_account,
    errors_default,
    errors_generic,
    errors_operations,
    errors_sending,
    errors_template,
    errors_template_making,
)
from messaging.graph_api.errors_generic import WRONG_PROOF
from messaging.graph_api.facts import ErrorClass, ErrorFacts, Scope, Text, WhoActs

__all__ = [
    "CATALOGUE",
    "RANGES",
    "WRONG_PROOF",
    "ErrorClass",
    "ErrorFacts",
    "Scope",
    "Text",
    "WhoActs",
    "facts_for",
]

_MODULES = (
    errors_generic,
    errors_sending,
    errors_template,
    errors_account,
    errors_operations,
    errors_template_making,
)

CATALOGUE: dict[int, ErrorFacts] = {
    row.code: row for module in _MODULES for row in module.ROWS if row.code is not None
}
RANGES: tuple[tuple[range, ErrorFacts], ...] = (
    *errors_generic.RANGES,
    *errors_operations.RANGES,
)
_SUBCODES = errors_generic.SUBCODES
_BAD_PARAMETER = 100
_LONG_SUBCODES = 1_000_000
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


def facts_for(
    code: int | None,
    *,
    subcode: int | None = None,
    http_status: int | None = None,
    is_transient: bool = False,
) -> ErrorFacts:
    """Return what is known of an error; always answers.

    No code means that Meta did not answer. An unknown code goes by its HTTP class: 429 waits, 5xx
    or `is_transient` tries again, all else (also an unknown code in a webhook) has failed.
    """
    if code is None:
        return errors_default.NO_ANSWER
    known = _by_subcode(code, subcode) or CATALOGUE.get(code) or _in_range(code)
    if known is None:
        known = _by_http_class(http_status, is_transient=is_transient)
    return known if known.code == code else replace(known, code=code)


def is_credential_error(code: int | None) -> bool:
    """Whether Meta refused the token with it."""
    return code is not None and facts_for(code).error_class is ErrorClass.CREDENTIAL


def _by_subcode(code: int, subcode: int | None) -> ErrorFacts | None:
    if subcode is None:
        return None
    if code == _BAD_PARAMETER and subcode >= _LONG_SUBCODES:
        # Template creation answers 100 with the telling 2388xxx number as subcode.
        return CATALOGUE.get(subcode)
    return _SUBCODES.get((code, subcode))


def _in_range(code: int) -> ErrorFacts | None:
    return next((facts for codes, facts in RANGES if code in codes), None)


def _by_http_class(http_status: int | None, *, is_transient: bool) -> ErrorFacts:
    if http_status == _TOO_MANY_REQUESTS:
        return errors_default.UNKNOWN_LIMIT
    if is_transient or (http_status is not None and http_status >= _SERVER_ERROR):
        return errors_default.UNKNOWN_TRANSIENT
    return errors_default.UNKNOWN_REFUSAL
