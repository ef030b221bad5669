"""What is said of each thing in a webhook: the line that the inbox shows beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from messaging.graph_api.webhook_payload import Change

_Fact = TypeVar("_Fact")


def verdict_line(change: str, what: str, verdict: str, why: str = "") -> dict[str, Any]:
    """`change` is "entry.change"; `verdict` is applied, repeated, kept, ignored, malformed or error."""
    return {"change": change, "what": what, "verdict": verdict, "why": why}


@dataclass(frozen=True, slots=True)
class Reported(Generic[_Fact]):
    """One fact of a change and its line among the verdicts, which applying the fact fills in."""

    change: Change
    fact: _Fact
    line: dict[str, Any]

    def judge(self, verdict: str, why: str = "") -> None:
        self.line.update(verdict=verdict, why=why)
