"""What a check of the set-up returns or raises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from messaging.models import SetupState

# Meta refuses the access token, which has a line of its own.
TOKEN_REFUSED = "token_refused"  # noqa: S105 (a word, not a token)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a line was found. `code` names the sentence, `facts` fill it; no secret, no whole phone number."""

    found: SetupState
    code: str
    facts: dict[str, Any] = field(default_factory=dict)


class NotReadyError(Exception):
    """The line cannot be checked before another one is done; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class UnansweredError(Exception):
    """Meta or a service of ours could not be asked; `trouble` is Meta's code or a word. Nothing was found out."""

    def __init__(self, trouble: str) -> None:
        super().__init__(trouble)
        self.trouble = trouble


def done(code: str, **facts: Any) -> Outcome:
    return Outcome(SetupState.DONE, code, facts)


def needs_you(code: str, **facts: Any) -> Outcome:
    return Outcome(SetupState.NEEDS_YOU, code, facts)


def waiting(code: str, **facts: Any) -> Outcome:
    return Outcome(SetupState.WAITING, code, facts)


def by_hand(code: str, **facts: Any) -> Outcome:
    """Meta does not tell, or only a person knows whether it is meant so; `extent` is how much of it there is."""
    return Outcome(SetupState.BY_HAND, code, facts)
