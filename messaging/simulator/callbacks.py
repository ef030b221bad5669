"""A caller's own system, so that callbacks can be seen to work: what came, and whether its signature is right."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from messaging.simulator import store

_POSTS = store.key("callbacks", "posts")
_SECRETS = store.key("callbacks", "secrets")
_KEPT = 50
_KEPT_SECRETS = 10
_KEPT_CHARACTERS = 20_000


class NoSecretError(ValueError):
    """What was entered is no secret of Standard Webhooks."""


@dataclass(frozen=True, slots=True)
class Post:
    """One post as it came, and the HTTP status it was answered with."""

    webhook_id: str
    timestamp: str
    signature: str
    raw: str
    answer: int
    at: float

    @property
    def came_at(self) -> datetime:
        return datetime.fromtimestamp(self.at, tz=UTC)

    @property
    def body(self) -> dict[str, Any]:
        """The parsed body; empty where it is no JSON object."""
        try:
            parsed = json.loads(self.raw)
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}

    def is_signed_with(self, secret: str) -> bool:
        """As a caller checks it, but at any later time: the secret may have been entered after the post came."""
        if not self.timestamp.isascii() or not self.timestamp.isdigit():
            return False
        at = datetime.fromtimestamp(int(self.timestamp[:10]), tz=UTC)
        expected = Webhook(secret).sign(self.webhook_id, at, self.raw)
        given = self.signature.split(" ")
        return any(hmac.compare_digest(one.encode(), expected.encode()) for one in given)


def keep(headers: Mapping[str, str], raw: bytes, *, answer: int) -> None:
    post = Post(
        webhook_id=headers.get("webhook-id", ""),
        timestamp=headers.get("webhook-timestamp", ""),
        signature=headers.get("webhook-signature", ""),
        raw=raw.decode("utf-8", "replace")[:_KEPT_CHARACTERS],
        answer=answer,
        at=store.now(),
    )
    with store.connection() as client, client.pipeline(transaction=True) as pipe:
        pipe.rpush(_POSTS, json.dumps(asdict(post)))
        pipe.ltrim(_POSTS, -_KEPT, -1)
        pipe.execute()


def newest() -> list[Post]:
    """Return the last posts, newest first."""
    return [Post(**json.loads(line)) for line in reversed(store.newest(_POSTS, _KEPT))]


def add_secret(secret: str) -> None:
    """Remember a secret to check with. Raises NoSecretError."""
    try:
        Webhook(secret)
    except Exception as error:  # The library lets errors of base64 through.
        raise NoSecretError from error
    if not secret.startswith("whsec_"):
        raise NoSecretError
    with store.connection() as client, client.pipeline(transaction=True) as pipe:
        pipe.lrem(_SECRETS, 0, secret)
        pipe.rpush(_SECRETS, secret)
        pipe.ltrim(_SECRETS, -_KEPT_SECRETS, -1)
        pipe.execute()


def secrets() -> list[str]:
    return store.newest(_SECRETS, _KEPT_SECRETS)


def is_right(post: Post, known: Sequence[str]) -> bool | None:
    """Whether one of the known secrets has signed it; None while none is known."""
    if not known:
        return None
    return any(post.is_signed_with(secret) for secret in known)


def forget() -> None:
    store.remove(_POSTS, _SECRETS)
