"""What is said of each thing in a webhook: the line that the inbox shows beside it."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from messaging.graph_api.storable import storable
from messaging.graph_api.webhook_payload import Change
from messaging.models import DeliveryOutcome

_Fact = TypeVar("_Fact")

IT_BROKE = "It could not be applied; see the traceback."
_TRACEBACK_LINES = -8  # the innermost; what calls them is always the same
# The worst verdict says how the whole delivery went.
_WORST_FIRST = (DeliveryOutcome.ERROR, DeliveryOutcome.MALFORMED, DeliveryOutcome.IGNORED)


def verdict_line(change: str, what: str, verdict: str, why: str = "") -> dict[str, Any]:
    """`change` is "entry.change"; `verdict` is applied, repeated, kept, ignored, malformed or error."""
    return {"change": change, "what": what, "verdict": verdict, "why": why}


def outcome_of(verdicts: Iterable[dict[str, Any]]) -> DeliveryOutcome:
    said = {line["verdict"] for line in verdicts}
    return next((worst for worst in _WORST_FIRST if worst in said), DeliveryOutcome.APPLIED)


def this_traceback() -> str:
    """Return the traceback of the exception that is being handled, as a text column takes it."""
    text: str = storable(traceback.format_exc(limit=_TRACEBACK_LINES))
    return text


@dataclass(frozen=True, slots=True)
class Reported(Generic[_Fact]):
    """One fact of a change and its line among the verdicts, which applying the fact fills in.

    `tracebacks` belongs to the whole delivery, whose id is `delivery`; Meta's answers to us came with none.
    """

    change: Change
    fact: _Fact
    line: dict[str, Any]
    tracebacks: list[str] = field(default_factory=list)
    delivery: int | None = None

    def judge(self, verdict: str, why: str = "") -> None:
        self.line.update(verdict=verdict, why=why)

    def broke(self) -> None:
        """Judge it by the exception that is being handled."""
        self.judge("error", IT_BROKE)
        text = this_traceback()
        if text not in self.tracebacks:
            self.tracebacks.append(text)
