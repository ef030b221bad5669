"""The button that asks Meta what became of one message, and what it says afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin.wording import call_words
from messaging.graph_api.errors import GraphApiError
from messaging.models import EventKind
from messaging.services import health_now, lost_statuses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    from messaging.graph_api.client import DeliveryEvent
    from messaging.models import Message

_PARTS: dict[str, StrOrPromise] = {
    health_now.NUMBER: gettext_lazy("the number"),
    health_now.TEMPLATE: gettext_lazy("the template"),
}
_NOT_TAKEN = frozenset({"FAILED", "RETRYING"})
_ON_ITS_WAY = "PENDING"


def ask(request: HttpRequest, message: Message) -> None:
    """Tell what Meta knows of the message, and of the health of what it needs. Where Meta is down that is all it says."""
    try:
        answer = lost_statuses.ask(message)
    except lost_statuses.NotAskableError:
        messages.warning(
            request, _("Meta gave this message no id, so there is nothing to ask about.")
        )
    except GraphApiError as error:
        text = _("Meta does not tell: %(title)s%(code)s %(action)s")
        messages.error(request, text % call_words(error.code, then=_("Ask again in some minutes.")))
        if health_now.is_unreachable(error):
            return
    else:
        _tell(request, answer)
    for health in health_now.health_of(message):
        _tell_health(request, health)


def _tell(request: HttpRequest, answer: lost_statuses.Answer) -> None:
    if not answer.is_known:
        messages.warning(request, _("Meta knows no message with this id at this number."))
        return
    if not answer.events:
        messages.info(request, _("Meta knows the message and has nothing to report of it yet."))
        return
    known = ", ".join(map(_moment, answer.events))
    messages.info(request, _("Meta knows: %(events)s.") % {"events": known})
    for sentence in _about_webhooks(answer.events):
        messages.warning(request, sentence)
    if answer.news:
        messages.success(
            request, _("What the webhook had not brought is in the message's history now.")
        )
    else:
        messages.info(request, _("All of it was here already."))


def _tell_health(request: HttpRequest, health: health_now.Health) -> None:
    said = {"part": _PARTS[health.kind]}
    if health.error is not None:
        text = _("Meta does not tell how %(part)s is: %(title)s%(code)s")
        messages.warning(request, text % (said | call_words(health.error.code, then="")))
        return
    problems = [
        " ".join(filter(None, (problem.description, problem.solution)))
        for entity in (health.facts.entities if health.facts else ())
        for problem in entity.problems
    ]
    if health.facts is not None and health.facts.can_send == "AVAILABLE" and not problems:
        messages.success(request, _("Meta calls %(part)s healthy.") % said)
        return
    said["state"] = health.facts.can_send if health.facts else "?"
    said["problems"] = " ".join(problems)
    messages.warning(request, _("Meta says of %(part)s: %(state)s. %(problems)s") % said)


def _moment(event: DeliveryEvent) -> str:
    word = event.status.lower()
    label = EventKind(word).label if word in EventKind.values else event.status
    return f"{label} {formatted(timezone.localtime(event.at), 'H:i:s')}"


def _about_webhooks(events: Sequence[DeliveryEvent]) -> list[str]:
    """Say once for each address how Meta's own webhook for these fared, where it did not arrive."""
    sentences = []
    for event in events:
        said = {
            "host": event.webhook_host or _("your URL"),
            "error": event.error or event.webhook_state,
        }
        if event.webhook_state in _NOT_TAKEN:
            sentences.append(_("Meta tried to call %(host)s and got: %(error)s.") % said)
        elif event.webhook_state == _ON_ITS_WAY:
            sentences.append(_("Meta has not yet called %(host)s about it.") % said)
    return list(dict.fromkeys(sentences))
