"""API keys as this process read them a moment ago, for a view whose own statement finds out whether they still hold.

Such a view compares `row_version` with the row's in the statement it makes anyway and reads the key again when they
differ, so nothing is ever done for a key that was revoked or changed. All that may be out of date here, for two seconds,
is which of two refusals a caller hears and how many requests a minute it has.
"""

from __future__ import annotations

import time
from datetime import datetime

from tenants.models import ApiKey

KNOWN_FOR_S = 2.0
_MOST = 1000

_known: dict[str, tuple[float, ApiKey]] = {}


def remember(api_key: ApiKey) -> None:
    if len(_known) >= _MOST:
        _known.clear()
    _known[api_key.secret_digest] = (time.monotonic(), api_key)


def recall(secret_digest: str, *, scope: str, now: datetime) -> ApiKey | None:
    """Return the key if it was read lately and opened the scope then."""
    read_at, api_key = _known.get(secret_digest, (0.0, None))
    if api_key is None or time.monotonic() - read_at > KNOWN_FOR_S:
        return None
    return api_key if scope in api_key.scopes and api_key.is_usable(now=now) else None


def forget(api_key: ApiKey) -> None:
    _known.pop(api_key.secret_digest, None)


def forget_all() -> None:
    _known.clear()
