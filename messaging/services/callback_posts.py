"""Posting to a callback: to the very IP address that was judged, signed as Standard Webhooks says, bounded in every way.

Nothing here knows the database. urllib3's connections are used without its pool: the pool would look the name up again.
Source of the signature: Standard Webhooks, specification 1.0, read 2026-11-25.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

import certifi
import urllib3
from django.utils.translation import gettext_noop, override
from standardwebhooks import Webhook
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse

from bakery_whatsapp.logs import masked
from messaging.services.callback_targets import (
    Address,
    RefusedAddressError,
    Target,
    UnresolvedError,
    resolved,
    target_of,
)

CONNECT_S = 3.0
READ_S = 10.0
# Whoever answers a byte every nine seconds is cut off here.
WHOLE_S = 15.0
_TRIED_ADDRESSES = 2
_READ_BYTES = 4096
_KEPT_CHARACTERS = 500
_HEADERS = {
    "User-Agent": "Bakery-WhatsApp-Callbacks/1",
    "Content-Type": "application/json",
    "Accept-Encoding": "identity",
}
_TOO_SLOW = gettext_noop("The answer was not complete within 15 s.")


@dataclass(frozen=True, slots=True)
class Answer:
    """How one post ended: an HTTP status, or `error` in short English where there was none."""

    status: int | None = None
    text: str = ""
    error: str = ""
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def signature_headers(
    *, secrets: Sequence[str], webhook_id: str, at: datetime, body: str
) -> dict[str, str]:
    """Return the three headers of Standard Webhooks, with one signature for each secret. `at` is in UTC."""
    signatures = [Webhook(secret).sign(webhook_id, at, body) for secret in secrets]
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


class Line:
    """A connection to one callback, kept open from post to post. Used by one thread at a time."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: _Plain | _Secure | None = None

    def post(self, *, webhook_id: str, body: str, secrets: Sequence[str]) -> Answer:
        """Post once; never raises for what the other side does."""
        try:
            # What goes wrong is kept in English and translated when it is shown.
            with override("en"):
                connection = self._open()
                return self._post(connection, webhook_id, body, secrets)
        except (RefusedAddressError, UnresolvedError) as error:
            return Answer(error=str(error))
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            was_cut_off = self._connection is not None and self._connection.was_cut_off
            self.close()
            return Answer(error=_TOO_SLOW if was_cut_off else _in_words(error))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(
        self, connection: _Plain | _Secure, webhook_id: str, body: str, secrets: Sequence[str]
    ) -> Answer:
        headers = _HEADERS | signature_headers(
            secrets=secrets, webhook_id=webhook_id, at=datetime.now(UTC), body=body
        )
        with connection.cut_off_after(WHOLE_S):
            connection.timeout = READ_S
            connection.request(
                "POST",
                connection.target.path,
                body=body.encode(),
                headers=headers | {"Host": connection.target.authority},
                preload_content=False,
                decode_content=False,
            )
            response = connection.getresponse()
            if connection.was_cut_off:
                # What had come of the head by then is not to be taken for all of it.
                self.close()
                return Answer(error=_TOO_SLOW)
            return Answer(
                status=response.status,
                text=storable(self._beginning(response)),
                retry_after_s=retry_after_s(response.headers.get("retry-after")),
            )

    def _beginning(self, response: BaseHTTPResponse) -> bytes:
        """Return the beginning of the answer's body. A connection whose answer is longer, or breaks off, is not kept."""
        beginning = b""
        is_whole = False
        try:
            beginning = response.read(_READ_BYTES)
            is_whole = not response.read(1)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError):
            pass  # The status has been said; what comes after it changes nothing.
        if not is_whole or response.headers.get("connection", "").lower() == "close":
            self.close()
        return beginning

    def _open(self) -> _Plain | _Secure:
        """Return a live connection to an address that was judged when it was made."""
        if self._connection is not None and self._connection.is_connected:
            return self._connection
        self.close()
        target = target_of(self._url)
        addresses = resolved(target)[:_TRIED_ADDRESSES]
        for place, address in enumerate(addresses, start=1):
            connection = _connection(target, address)
            try:
                connection.connect()
            except (urllib3.exceptions.HTTPError, OSError):
                connection.close()
                if place == len(addresses):
                    raise
            else:
                self._connection = connection
                break
        assert self._connection is not None  # noqa: S101 (for mypy; there is at least one address)
        return self._connection


class _CutOff:
    """Ends a connection from outside: a time-out counts from one byte to the next, so many bytes may take for ever."""

    target: Target
    was_cut_off = False
    _handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]  # mixin
        # A second handle of the same connection: TLS takes the first one over.
        self._handle = made.dup()
        return made

    def close(self) -> None:
        super().close()  # type: ignore[misc]  # mixin
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    @contextmanager
    def cut_off_after(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        handle = self._handle
        self.was_cut_off = True
        if handle is not None:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)


class _Plain(_CutOff, HTTPConnection):
    pass


class _Secure(_CutOff, HTTPSConnection):
    pass


def _connection(target: Target, address: Address) -> _Plain | _Secure:
    """Return an unopened connection to this IP address that must prove by its certificate to be the target."""
    made: _Plain | _Secure
    if target.scheme == "http":
        made = _Plain(str(address), target.port, timeout=CONNECT_S)
    else:
        made = _Secure(
            str(address),
            target.port,
            timeout=CONNECT_S,
            server_hostname=target.host,
            ssl_context=tls(),
        )
    made.target = target
    return made


@cache
def tls() -> ssl.SSLContext:
    """Trusts Mozilla's authorities and those of the system, where SSL_CERT_FILE may name one of the operator's own."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def retry_after_s(header: str | None) -> float | None:
    """Read a Retry-After header: seconds or a date. None where there is none that can be read."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, at.timestamp() - time.time())


def storable(raw: bytes) -> str:
    """Return the beginning of an answer as text that PostgreSQL can hold, without phone numbers and tokens."""
    text = masked(raw.decode("utf-8", "replace").replace("\0", "\ufffd"))
    return text[:_KEPT_CHARACTERS]


def _in_words(error: Exception) -> str:
    """Say what happened without the address, which may hold a secret."""
    match error:
        case ConnectionRefusedError() | urllib3.exceptions.NewConnectionError():
            return gettext_noop("There was no connection: it is refused or leads nowhere.")
        case urllib3.exceptions.ConnectTimeoutError():
            return gettext_noop("There was no connection within 3 s.")
        case TimeoutError() | urllib3.exceptions.TimeoutError():
            return gettext_noop("There was no answer within 10 s.")
        case ssl.SSLCertVerificationError():
            return f"The certificate is not valid: {error.verify_message}."[:200]
        case ssl.SSLError() | urllib3.exceptions.SSLError():
            return gettext_noop("TLS failed.")
    return gettext_noop("The connection broke before an answer came.")
