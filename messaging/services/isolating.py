"""One bad thing among many: it costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import InterfaceError, OperationalError, transaction

_Thing = TypeVar("_Thing")


def isolate(
    apply: Callable[[Sequence[_Thing]], object],
    things: Sequence[_Thing],
    broke: Callable[[_Thing], object],
) -> None:
    """Apply all things at once; where that breaks, each half by itself, down to the ones that break.

    `broke` is called with each of those while its exception is being handled. The database's own trouble
    (OperationalError, InterfaceError) is no thing's fault and goes on to the caller.
    """
    if not things:
        return
    try:
        with transaction.atomic():
            apply(things)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(things) == 1:
            broke(things[0])
            return
    else:
        return
    middle = len(things) // 2
    isolate(apply, things[:middle], broke)
    isolate(apply, things[middle:], broke)
