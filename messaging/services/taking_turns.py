"""So many threads at a time and no more, and nobody's wish is lost: who comes too late has one of them look once more."""

from __future__ import annotations

import threading


class Turns:
    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._free = limit
        self._once_more = False

    def begin(self) -> bool:
        """Take a turn; False when none is free, and then a thread that has one looks again before it ends."""
        with self._lock:
            if not self._free:
                self._once_more = True
                return False
            self._free -= 1
            return True

    def may_end(self) -> bool:
        """End the turn, unless somebody came in vain since the last question."""
        with self._lock:
            if self._once_more:
                self._once_more = False
                return False
            self._free += 1
            return True

    def give_up(self) -> None:
        with self._lock:
            self._free += 1
