"""What the token commands print for people: everything Meta says of a token, never the token."""

from __future__ import annotations

from messaging.services.token_records import facts_of
from messaging.services.tokens import Verification


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
