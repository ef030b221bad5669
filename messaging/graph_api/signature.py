"""Webhook signatures and the proof that goes with a token. Source: Webhooks, Getting started, 2026-11-22."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from enum import StrEnum

_SCHEME = "sha256="
_HEX_LENGTH = 64


def _digest(raw: bytes, secret: str) -> str:
    return hmac.new(secret.encode("utf-8"), raw, hashlib.sha256).hexdigest()


def sign(raw: bytes, secret: str) -> str:
    """Return the whole value of `X-Hub-Signature-256` for these bytes."""
    return _SCHEME + _digest(raw, secret)


class Signature(StrEnum):
    """What an `X-Hub-Signature-256` header is worth."""

    RIGHT = "right"
    MISSING = "missing"
    DOUBLED = "doubled"
    WRONG = "wrong"


def judge(raw: bytes, header: str | None, secrets: Sequence[str]) -> Signature:
    """Tell whether `header` signs exactly these bytes with one of `secrets`, in constant time.

    Empty secrets never match: a forgotten setting must not make every signature guessable. Two headers arrive as one with
    a comma, as HTTP servers join them.
    """
    if not header:
        return Signature.MISSING
    if "," in header:
        return Signature.DOUBLED
    sent = header.removeprefix(_SCHEME)
    # compare_digest raises on text that is not ASCII.
    if not header.startswith(_SCHEME) or len(sent) != _HEX_LENGTH or not sent.isascii():
        return Signature.WRONG
    matches = False
    for secret in secrets:
        if secret:
            matches |= hmac.compare_digest(_digest(raw, secret), sent.lower())
    return Signature.RIGHT if matches else Signature.WRONG


def is_from_meta(raw: bytes, header: str | None, secrets: Sequence[str]) -> bool:
    return judge(raw, header, secrets) is Signature.RIGHT


def appsecret_proof(token: str, secret: str) -> str:
    """Return the hex HMAC that proves to Meta that the caller of `token` also knows the app secret."""
    return _digest(token.encode("utf-8"), secret)
