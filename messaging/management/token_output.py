"""What the token commands print: everything Meta says of a token, never the token."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from messaging.services.tokens import Verification


def facts_of(verification: Verification) -> dict[str, Any]:
    facts = verification.facts
    found: dict[str, Any] = {"ok": not verification.problems, "problems": verification.problems}
    if facts is None:
        return found
    return found | {
        "valid": facts.is_valid,
        "type": facts.type,
        "app_id": facts.app_id,
        "application": facts.application,
        "issued_at": _iso(facts.issued_at),
        "expires_at": _iso(facts.expires_at),
        "never_expires": facts.is_valid and facts.never_expires,
        "scopes": list(facts.scopes),
        "numbers": verification.numbers,
    }


def lines_of(verification: Verification) -> list[str]:
    found = facts_of(verification)
    if "valid" not in found:
        return []
    ends = "never" if found["never_expires"] else found["expires_at"] or "unknown"
    return [
        f"valid: {'yes' if found['valid'] else 'no'}",
        f"type: {found['type'] or 'unknown'}",
        f"app: {found['app_id'] or 'unknown'} {found['application'] or ''}".rstrip(),
        f"issued: {found['issued_at'] or 'unknown'}",
        f"expires: {ends}",
        f"permissions: {', '.join(found['scopes']) or 'none'}",
        f"numbers it reads: {found['numbers']}",
    ]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
