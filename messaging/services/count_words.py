"""How many messages there were, in words for mails and pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from messaging.services.costs import Totals


def counts_in_words(totals: Totals) -> str:
    text = _("%(sent)d sent, %(delivered)d delivered, %(read)d read, %(failed)d failed.")
    return text % {
        "sent": totals.sent,
        "delivered": totals.delivered,
        "read": totals.read,
        "failed": totals.failed,
    }
