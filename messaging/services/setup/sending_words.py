"""Whether we can send right now, as one line for where there is no badge."""

from __future__ import annotations

from django.utils.translation import gettext as _

from messaging.services.setup.finding_words import sentence_of
from messaging.services.setup.sending_now import SendingNow


def answer_of(now: SendingNow) -> str:
    yes_or_no = _("Yes.") if now.is_possible else _("No.")
    why = sentence_of(now.code, now.facts, None)
    return " ".join([_("Can we send right now?"), yes_or_no, why])
