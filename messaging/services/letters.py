"""What a mail of ours says: a few paragraphs, links and the reason one gets it, shown alike as plain text and as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string


@dataclass(frozen=True, slots=True)
class Letter:
    """Texts in the reader's language. `links` are words and addresses; `reason` says why one gets the mail.

    `unsubscribe_url` ends this kind of mail with one POST (RFC 8058).
    """

    subject: str
    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    unsubscribe_url: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Letter:
        return cls(
            subject=kept["subject"],
            paragraphs=tuple(kept["paragraphs"]),
            links=tuple((words, url) for words, url in kept["links"]),
            reason=kept["reason"],
            unsubscribe_url=kept["unsubscribe_url"],
        )

    def as_text(self) -> str:
        return render_to_string("messaging/mail/letter.txt", {"letter": self}).strip() + "\n"

    def as_html(self, language: str) -> str:
        return render_to_string(
            "messaging/mail/letter.html", {"letter": self, "language": language}
        )


def site_url(path: str) -> str:
    """Return the whole address of a page of ours; not by the request's host, which a proxy or an attacker chooses."""
    return f"{settings.SITE_URL}{path}"
