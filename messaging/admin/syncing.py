"""The button that reads numbers or templates again from Meta, and what it says afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils.translation import gettext as _

from messaging.admin.wording import call_words
from messaging.graph_api.errors import GraphApiError
from messaging.services.accounts import NoAccountError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from messaging.services.numbers import SyncResult


@dataclass(frozen=True, slots=True)
class Sync:
    """What the button's template needs."""

    url: str
    may: bool


def run(request: HttpRequest, sync: Callable[[], SyncResult]) -> None:
    try:
        result = sync()
    except NoAccountError:
        messages.error(request, _("There is no account yet. Add it under Accounts first."))
    except GraphApiError as error:
        text = _("Meta could not be read, nothing was changed: %(title)s%(code)s %(action)s")
        then = _("It is read again by itself within the hour, or by the button.")
        messages.error(request, text % call_words(error.code, then=then))
    else:
        text = _("Read from Meta: %(new)d new, %(changed)d changed, %(gone)d no longer there.")
        counts = {
            "new": len(result.created),
            "changed": len(result.updated),
            "gone": len(result.gone),
        }
        messages.success(request, text % counts)
