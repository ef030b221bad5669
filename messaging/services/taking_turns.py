"""One thread at a time, and nobody's wish is lost: who comes meanwhile has the one at work look once more."""

from __future__ import annotations

import threading


class Turns:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._once_more = False

    def begin(self) -> bool:
        """Take the turn; False when another thread has it, which will then not end before it has looked again."""
        with self._lock:
            if self._is_taken:
                self._once_more = True
                return False
            self._is_taken = True
            self._once_more = False
            return True

    def may_end(self) -> bool:
        """End the turn, unless somebody came since the last question."""
        with self._lock:
            if self._once_more:
                self._once_more = False
                return False
            self._is_taken = False
            return True

    def give_up(self) -> None:
        with self._lock:
            self._is_taken = False
