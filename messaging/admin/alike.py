"""Others like a message: to the same number, and refused with the same code on the same day, here and everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.admin.cost_filters import MonthFilter
from messaging.admin.filters import BakeryFilter, CodeFilter, SameRecipientFilter
from messaging.graph_api.catalogue import facts_for
from messaging.graph_api.facts import ErrorClass, ErrorFacts, Scope, WhoActs
from messaging.models import Message
from messaging.months import begin_of, billing_day
from messaging.statuses import MessageStatus
from tenants.display import list_url

if TYPE_CHECKING:
    from datetime import date

# Beyond that it is said that there are more.
_MOST = 500
_LIST = "messaging_message"


@dataclass(frozen=True, slots=True)
class Alike:
    """A number and what it counts, with the list behind it."""

    count: str
    words: str
    url: str


@dataclass(frozen=True, slots=True)
class AlikeFacts:
    rows: list[Alike]
    meaning: str = ""
    is_everywhere: bool = False


def alike(message: Message) -> AlikeFacts:
    """At most two queries, each of a bounded number of rows."""
    rows = [_to_the_number(message)]
    if message.status != MessageStatus.FAILED or message.error_code is None:
        return AlikeFacts(rows)
    day = billing_day(message.created_at)
    tenants = _with_the_code(message, day)
    here = sum(tenant == message.tenant_id for tenant in tenants)
    rows += [
        _refused(
            message,
            day,
            here,
            _("with this code that day, of this bakery"),
            **{BakeryFilter.parameter_name: message.tenant_id},
        ),
        _refused(message, day, len(tenants), _("with this code that day, of all bakeries")),
    ]
    known = facts_for(message.error_code)
    is_everywhere = len(set(tenants)) > 1 and not _is_of_each_recipient(known)
    return AlikeFacts(rows, _meaning(tenants, known), is_everywhere)


def _to_the_number(message: Message) -> Alike:
    same = Message.objects.filter(recipient_phone=message.recipient_phone).newest_first()
    states = list(same.exclude(pk=message.pk).values_list("status", flat=True)[: _MOST + 1])
    failed = states.count(MessageStatus.FAILED)
    words = _("to this number")
    if failed:
        among = ngettext(
            "to this number, %(count)d of them failed",
            "to this number, %(count)d of them failed",
            failed,
        )
        words = among % {"count": failed}
    url = list_url(_LIST, **{SameRecipientFilter.parameter_name: message.pk})
    return Alike(_capped(len(states)), words, url)


def _with_the_code(message: Message, day: date) -> list[object]:
    """The bakeries of what was requested on that day and failed so, one for each message."""
    of_day = Message.objects.created_between(
        after=begin_of(day), before=begin_of(day + timedelta(days=1))
    )
    found = of_day.failed().filter(error_code=message.error_code).newest_first()
    return list(found.values_list("tenant_id", flat=True)[: _MOST + 1])


def _refused(message: Message, day: date, count: int, words: str, **filters: object) -> Alike:
    """`filters` narrow the list behind the number, under the names of its filters."""
    url = list_url(
        _LIST,
        **{
            CodeFilter.parameter_name: message.error_code,
            MonthFilter.parameter_name: day.isoformat(),
        },
        **filters,
    )
    return Alike(_capped(count), words, url)


def _is_of_each_recipient(known: ErrorFacts) -> bool:
    is_about_whom = known.scope in (Scope.RECIPIENT, Scope.PAIR)
    return is_about_whom or known.error_class is ErrorClass.RECIPIENT


def _meaning(tenants: list[object], known: ErrorFacts) -> str:
    """Say what follows from the numbers: for a code about whom it was sent to, never a common cause."""
    if len(tenants) < 2:
        return _("It is the only one that day.")
    if _is_of_each_recipient(known):
        return _("Each depends on whom it was sent to: together they point to no common cause.")
    if len(set(tenants)) > 1:
        return _(
            "Several bakeries are hit: look for a cause they share, such as a template, the account or Meta."
        )
    if known.who_acts is WhoActs.BAKERY:
        return _("Only this bakery is hit: look at its data, such as numbers and values.")
    return _("Only this bakery is hit so far. Who acts and what to do stands above.")


def _capped(count: int) -> str:
    return _("more than %(count)d") % {"count": _MOST} if count > _MOST else str(count)
