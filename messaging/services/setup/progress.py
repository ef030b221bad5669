"""How far the set-up is, for who shows it in a menu or on the home."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from messaging.models import SetupCheck, SetupState
from messaging.services.setup.lines import LINES


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    broken: int
    total: int = len(LINES)

    @property
    def is_finished(self) -> bool:
        return self.done == self.total


def progress() -> Progress:
    return progress_of(SetupCheck.objects.values_list("state", flat=True))


def progress_of(states: Iterable[str]) -> Progress:
    counted = Counter(states)
    return Progress(counted[SetupState.DONE], counted[SetupState.BROKEN])


def was_ever_finished() -> bool:
    """Whether every line held at some time, though one may be broken now."""
    return SetupCheck.objects.filter(proved_at__isnull=False).count() >= len(LINES)
