"""What people search for, as it may stand in an address: a number in none of them, whole or nearly so."""

from __future__ import annotations

import re

from cryptography.fernet import InvalidToken

from tenants.fields import fernet

_SEALED = "sealed:"
# So many digits make up a number or tell most of it.
_DIGITS = re.compile(r"(?:\d[^\w]*){6}")
LONGEST = 200


def seal(term: str) -> str:
    """Return what may stand in an address: words as they are, whatever could be a number encrypted."""
    term = term.strip()[:LONGEST]
    if term.startswith(_SEALED) or not _DIGITS.search(term):
        return term
    return _SEALED + fernet().encrypt(term.replace("\x00", "").encode()).decode()


def unseal(term: str) -> str:
    """Return what was searched for; nothing that anybody could have typed where the seal is broken."""
    if not term.startswith(_SEALED):
        return term
    try:
        return fernet().decrypt(term.removeprefix(_SEALED).encode()).decode()
    except InvalidToken:
        return ""
