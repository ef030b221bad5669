"""How the settings of a bakery are said: what is on offer and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.graph_api.template_bubble import RenderedTemplate, render
from messaging.money import number
from messaging.services.bakery_settings import OfferedNotice
from messaging.services.switching import WaitingMessages
from tenants.models import SettingChange
from tenants.services.setting_changes import ON

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Titles of what we have copies of; the platform gives its own kinds theirs.
_TITLES: dict[str, tuple[StrPromise, StrPromise]] = {
    "po_notification": (
        gettext_lazy("Orders to suppliers"),
        gettext_lazy("Your supplier gets each order at once."),
    ),
    "low_stock_alert": (
        gettext_lazy("Low stock"),
        gettext_lazy("When an ingredient runs low."),
    ),
    "production_alert": (
        gettext_lazy("Production"),
        gettext_lazy("When a batch does not go as planned."),
    ),
}


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One kind of notice on the page; `bubble` is its text with examples, None while it cannot be sent."""

    offered: OfferedNotice
    title: StrPromise | str
    what_for: StrPromise | str
    bubble: RenderedTemplate | None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    words: str
    who: str
    at: datetime


def notice_row(offered: OfferedNotice) -> NoticeRow:
    kind, template = offered.kind, offered.template
    bubble = render(template.components) if template else None
    return NoticeRow(offered, *_title(kind.template_name, kind.title), bubble)


def change_line(change: SettingChange) -> ChangeLine:
    by = change.changed_by
    # Who of the platform it was is the platform's affair.
    who = _("the platform") if by is not None and by.is_staff else change.changed_by_name
    return ChangeLine(_changed(change), who, change.changed_at)


def _title(template_name: str, title: str) -> tuple[StrPromise | str, StrPromise | str]:
    known, what_for = _TITLES.get(template_name, (template_name.replace("_", " ").capitalize(), ""))
    return title or known, what_for


def _changed(change: SettingChange) -> str:
    is_on = change.after == ON
    match change.what:
        case SettingChange.What.SWITCH:
            return _("Notices switched on") if is_on else _("Notices switched off")
        case SettingChange.What.NOTICE:
            words = _("%(notice)s: switched on") if is_on else _("%(notice)s: switched off")
            return words % {"notice": _title(change.subject, "")[0]}
        case SettingChange.What.WAITING:
            return _waiting(int(change.before), is_cancelled=change.after == WaitingMessages.CANCEL)
        case SettingChange.What.QUIET_HOURS if change.after:
            start, _dash, until = change.after.partition("-")
            return _("Quiet hours from %(start)s to %(until)s") % {"start": start, "until": until}
        case SettingChange.What.QUIET_HOURS:
            return _("No quiet hours any more")
        case SettingChange.What.MONTHLY_LIMIT if change.after:
            return _("Limit of %(limit)s notices a month") % {"limit": number(int(change.after))}
    return _("No monthly limit any more")


def _waiting(count: int, *, is_cancelled: bool) -> str:
    if is_cancelled:
        words = ngettext(
            "%(count)s waiting notice was cancelled",
            "%(count)s waiting notices were cancelled",
            count,
        )
    else:
        words = ngettext(
            "%(count)s waiting notice was still to be sent",
            "%(count)s waiting notices were still to be sent",
            count,
        )
    return words % {"count": number(count)}
