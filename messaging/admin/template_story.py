"""What a template's page tells: what its state means, what changed at Meta, who sends it, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging import money
from messaging.admin.misfit_words import misfit_words
from messaging.admin.pages import template_look
from messaging.admin.template_words import (
    effect_words,
    obstacle_words,
    rejection_words,
    status_words,
)
from messaging.graph_api.template_bubble import RenderedTemplate, render
from messaging.models import MessageTemplate, TemplateChange, TemplateChangeKind
from messaging.models.template_change import DRIFT
from messaging.services import template_drift, template_rules
from messaging.services.template_pausing import waiting_for
from messaging.services.template_usage import Caller, Usage, usage_of
from tenants.display import CAUTION, NEUTRAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    PriceOf = Callable[[str, str], Decimal | None]

_HISTORY_SHOWN = 20
_ICONS = {
    TemplateChangeKind.TEXT: "edit_note",
    TemplateChangeKind.VARIABLES: "data_object",
    TemplateChangeKind.CATEGORY: "price_change",
    TemplateChangeKind.ANNOUNCED: "schedule",
    TemplateChangeKind.QUALITY: "trending_down",
    TemplateChangeKind.GONE: "delete_forever",
    TemplateChangeKind.SUBMITTED: "upload",
    TemplateChangeKind.EDITED: "edit",
    TemplateChangeKind.DELETED: "delete",
    TemplateChangeKind.PAUSED: "pause_circle",
    TemplateChangeKind.RESUMED: "play_circle",
}
# Two texts are shown one below the other; the other changes are one word each.
_LONG = frozenset({TemplateChangeKind.TEXT, TemplateChangeKind.VARIABLES})


@dataclass(frozen=True, slots=True)
class ChangeLine:
    title: str
    icon: str
    tone: str
    at: datetime
    by: str
    before: str
    after: str
    is_long: bool
    effect: str = ""
    seen_by: str = ""


@dataclass(frozen=True, slots=True)
class TemplateStory:
    """`callers`: each with why its values do not fit; `drift` is what nobody has looked at yet; `cannot_edit` is empty when
    it can be edited."""

    sentence: str
    to_do: str
    tone: str
    icon: str
    bubble: RenderedTemplate
    usage: Usage
    callers: list[tuple[Caller, str]]
    waiting: int
    rejection: tuple[str, str] | None = None
    drift: list[ChangeLine] = field(default_factory=list)
    history: list[ChangeLine] = field(default_factory=list)
    cannot_edit: str = ""
    can_delete: bool = False
    can_pause: bool = False
    can_resume: bool = False


def story_of(template: MessageTemplate, *, price_of: PriceOf | None = None) -> TemplateStory:
    """Seven queries. `price_of(category, market)` is the price book's; without it effects are told in words."""
    usage = usage_of(template)
    changes = list(template.changes.newest_first()[:_HISTORY_SHOWN])
    tone, icon = template_look(template)
    what, to_do = status_words(template)
    if template.paused_at is not None and template.is_approved:
        what = _("We paused it: its messages are accepted and wait.")
        to_do = _("Resume it once the cause is mended; messages that wait too long expire.")
    obstacle = template_rules.edit_obstacle(template)
    lines = [(change, _line(change, usage, price_of)) for change in changes]
    return TemplateStory(
        sentence=what,
        to_do=to_do,
        tone=tone,
        icon=icon,
        bubble=render(template.components),
        usage=usage,
        callers=[(caller, misfit_words(caller.misfit)) for caller in usage.callers],
        waiting=waiting_for(template),
        rejection=None if template.is_gone else rejection_words(template.rejected_reason),
        drift=[line for change, line in lines if change.is_unseen_drift],
        history=[line for _change, line in lines],
        cannot_edit=obstacle_words(obstacle) if obstacle else "",
        can_delete=template_rules.may_delete(template),
        can_pause=template_rules.may_pause(template),
        can_resume=template.paused_at is not None,
    )


def _line(change: TemplateChange, usage: Usage, price_of: PriceOf | None) -> ChangeLine:
    kind = TemplateChangeKind(change.kind)
    effect = effect_words(change)
    if kind in {TemplateChangeKind.CATEGORY, TemplateChangeKind.ANNOUNCED}:
        effect += _in_euro(change, usage, price_of)
    return ChangeLine(
        title=str(capfirst(str(kind.label))),
        icon=_ICONS.get(kind, "swap_horiz"),
        tone=CAUTION if kind in DRIFT else NEUTRAL,
        at=change.at,
        by=change.by,
        before=change.before,
        after=change.after,
        is_long=kind in _LONG,
        effect=effect,
        seen_by=change.seen_by,
    )


def _in_euro(change: TemplateChange, usage: Usage, price_of: PriceOf | None) -> str:
    extra = template_drift.extra_cost(
        before=change.before, after=change.after, messages=usage.messages, price_of=price_of
    )
    said = {"count": money.number(usage.messages)}
    if extra is None:
        return " " + _("It was sent %(count)s times in the last 30 days.") % said
    said["amount"] = ("+" if extra > 0 else "") + money.money(extra, "EUR")
    if usage.is_partial:
        text = _(
            "For the newest %(count)s messages of the last 30 days alone that makes %(amount)s, at the price for Spain."
        )
    else:
        text = ngettext(
            "For the %(count)s message of the last 30 days that makes %(amount)s, at the price for Spain.",
            "For the %(count)s messages of the last 30 days that makes %(amount)s, at the price for Spain.",
            usage.messages,
        )
    return " " + text % said
