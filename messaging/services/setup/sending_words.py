"""Whether we can send right now, as one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.services.setup.finding_words import sentence_of
from messaging.services.setup.sending_now import SendingNow
from tenants.models import StopReason

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# What a line of the set-up finds too has its sentence there.
SENTENCES: dict[str, StrPromise] = {
    "line_paused": gettext_lazy(
        "Somebody of the platform has paused sending. Resume it on the account's page."
    ),
    "no_number_in_use": gettext_lazy("No number sends for any bakery yet (steps 3 and 9)."),
    "numbers_stopped": gettext_lazy(
        "Every number that sends for a bakery is stopped. Its page says why."
    ),
    "no_sendable_template": gettext_lazy("Meta has approved no template yet (step 5)."),
    "bakeries_off": gettext_lazy("No bakery has WhatsApp switched on (step 9)."),
    "can_send": gettext_lazy("The line is open, numbers and templates are there, a worker runs."),
    "can_send_within_limit": gettext_lazy(
        "But Meta's limit of recipients is reached: who was not written to in the last 24 hours waits."
    ),
}


def why_of(now: SendingNow) -> str:
    """Say what stands in the way, or that nothing does."""
    match now.code:
        case "line_stopped":
            return _("Sending has stopped. %(why)s") % {
                "why": sentence_of("refused", now.facts, None)
            }
        case "line_stopped_by_meta":
            return f"{capfirst(StopReason(now.facts['reason']).label)}."
        case "can_send_partly":
            text = ngettext(
                "But %(stopped)s number that bakeries send from is stopped.",
                "But %(stopped)s numbers that bakeries send from are stopped.",
                now.facts["stopped"],
            )
            return text % now.facts
    sentence = SENTENCES.get(now.code)
    return str(sentence) if sentence is not None else sentence_of(now.code, now.facts, None)


def answer_of(now: SendingNow) -> str:
    """The question and its answer in one line, for where there is no badge."""
    yes_or_no = _("Yes.") if now.is_possible else _("No.")
    question = _("Can we send right now?")
    return f"{question} {yes_or_no} {why_of(now)}"
