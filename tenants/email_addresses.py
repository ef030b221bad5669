"""E-mail addresses as they are shown where they need not be read: the server whole, the person by a letter."""

from __future__ import annotations


def masked(address: str) -> str:
    """Return "j•••@harinas.example" for juan@harinas.example; empty for what is no address."""
    name, at, server = address.rpartition("@")
    return f"{name[:1]}•••@{server}" if at else ""
