"""Simulator or real account: what the set-up page says of it, and the way from one to the other step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.services.setup.which_meta import Switch, SwitchStep, switch
from messaging.statuses import MessageStatus
from tenants.display import BUSY, CAUTION, GOOD, NEUTRAL, badge, list_url

if TYPE_CHECKING:
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrPromise


_WORDS: dict[SwitchStep, StrPromise] = {
    SwitchStep.NOTHING_WAITS: gettext_lazy(
        "Let what waits go out, or cancel it: what was written to the simulator's phones would reach real ones."
    ),
    SwitchStep.ENVIRONMENT: gettext_lazy(
        "In the environment take out WHATSAPP_GRAPH_URL and WHATSAPP_SIMULATOR, set SITE_URL to the public https address, and restart."
    ),
    SwitchStep.ACCOUNT: gettext_lazy(
        "Paste the real account's WABA id in step 2 of this page. Sending is paused then, and what only the simulator knows is forgotten: its token, its app."
    ),
    SwitchStep.CREDENTIALS: gettext_lazy(
        "Paste app id, app secret and access token in step 4, and save the verify token in step 6."
    ),
    SwitchStep.NUMBERS: gettext_lazy(
        "Read the numbers from Meta: the simulator's count as gone, and the bakeries get real ones on the board."
    ),
    SwitchStep.TEMPLATES: gettext_lazy(
        "Submit the templates: their texts stay here, Meta approves each once for this account."
    ),
    SwitchStep.PROOF: gettext_lazy(
        "Go through the lines below: none is taken over, each is proved anew, the test message too. Then resume sending on the account's page."
    ),
}
_LINKS: dict[SwitchStep, tuple[str, StrPromise]] = {
    SwitchStep.NOTHING_WAITS: ("messaging_message", gettext_lazy("Messages")),
    SwitchStep.NUMBERS: ("tenants_phonenumber", gettext_lazy("Numbers")),
    SwitchStep.TEMPLATES: ("messaging_messagetemplate", gettext_lazy("Templates")),
}


@dataclass(frozen=True, slots=True)
class SwitchStepView:
    words: str
    badge: SafeString
    url: str
    link: str


@dataclass(frozen=True, slots=True)
class SwitchView:
    """`is_open` while a change is under way; without steps there is nothing left to tell."""

    badge: SafeString
    summary: str
    is_open: bool
    steps: list[SwitchStepView]


def switch_view() -> SwitchView:
    found = switch()
    if found.is_simulated:
        shown, summary = (
            badge(_("Simulator"), icon="science", tone=BUSY),
            _(
                "Everything can be tried, and nothing leaves this machine. Bakeries, people and the texts of templates stay when you change to the real account."
            ),
        )
    elif found.is_under_way:
        shown, summary = (
            badge(_("Real account, not finished"), icon="swap_horiz", tone=CAUTION),
            _("Something of the simulator's is still here. Go on with these steps."),
        )
    else:
        shown, summary = (
            badge(_("Real account"), icon="check_circle", tone=GOOD),
            _("Messages reach real phones, and Meta charges for them."),
        )
    has_steps = found.is_simulated or found.is_under_way
    return SwitchView(shown, summary, found.is_under_way, _steps(found) if has_steps else [])


def _steps(found: Switch) -> list[SwitchStepView]:
    views = []
    for step, words in _WORDS.items():
        if step in found.done:
            shown = badge(_("done"), icon="check_circle", tone=GOOD)
        else:
            shown = badge(_("to do"), icon="radio_button_unchecked", tone=NEUTRAL)
        url, link = _place(step)
        text = str(words)
        if step is SwitchStep.NOTHING_WAITS and found.waiting:
            text = f"{text} {_waiting(found.waiting)}"
        views.append(SwitchStepView(text, shown, url, link))
    return views


def _waiting(count: int) -> str:
    text = ngettext("%(count)d message waits.", "%(count)d messages wait.", count)
    return text % {"count": count}


def _place(step: SwitchStep) -> tuple[str, str]:
    if step not in _LINKS:
        return "", ""
    page, words = _LINKS[step]
    if step is SwitchStep.NOTHING_WAITS:
        return list_url(page, status=MessageStatus.QUEUED.value), str(words)
    return list_url(page), str(words)
