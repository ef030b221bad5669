"""Why a request got no answer of Meta's: what went wrong on the way, and whether it may have arrived all the same."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from enum import StrEnum

import requests
import urllib3.exceptions


class Failure(StrEnum):
    """Up to NO_CONNECTION nothing was sent; after the others nobody knows."""

    NO_ADDRESS = "no_address"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    CERTIFICATE = "certificate"
    NOT_WRITTEN = "not_written"
    NO_CONNECTION = "no_connection"
    TIMEOUT = "timeout"
    BROKEN_OFF = "broken_off"
    NOT_META = "not_meta"
    OURS = "ours"


# Raised before a connection is used: a bad URL, header or value.
_NEVER_WRITTEN = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    urllib3.exceptions.LocationValueError,
    UnicodeEncodeError,
)
_DEPTH = 8


def failure_of(error: Exception) -> Failure:
    """Name what requests or urllib3 raised."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return Failure.CONNECT_TIMEOUT
    for inner in _inside(error):
        if isinstance(inner, ssl.SSLCertVerificationError):
            return Failure.CERTIFICATE
        if isinstance(inner, urllib3.exceptions.NewConnectionError):
            return _never_connected(inner)
    if isinstance(error, requests.ReadTimeout):
        return Failure.TIMEOUT
    return Failure.NOT_WRITTEN if isinstance(error, _NEVER_WRITTEN) else Failure.BROKEN_OFF


def _never_connected(error: urllib3.exceptions.NewConnectionError) -> Failure:
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return Failure.NO_ADDRESS
    is_refused = isinstance(error.__cause__, ConnectionRefusedError)
    return Failure.REFUSED if is_refused else Failure.UNREACHABLE


def _inside(error: BaseException) -> Iterator[BaseException]:
    """The error and those it was raised for: urllib3 keeps them in `reason` or as the first argument."""
    seen: BaseException | None = error
    for _depth in range(_DEPTH):
        if seen is None:
            return
        yield seen
        reason = getattr(seen, "reason", None)
        if not isinstance(reason, BaseException):
            reason = seen.args[0] if seen.args else None
        seen = reason if isinstance(reason, BaseException) else None
