"""The scenarios page (switches, events, webhooks on their way) and the mails that were not sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages as flash
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from messaging.simulator import account, events, mailbox, scenarios, store, switches, webhooks
from messaging.simulator.forms import EventForm, SwitchesForm
from messaging.simulator.phone_views import simulator_page

_OK = "200"


@simulator_page
@require_safe
def scenario_page(request: HttpRequest) -> HttpResponse:
    return render(request, "messaging/simulator/scenarios.html", _context())


@simulator_page
@require_POST
def set_switches(request: HttpRequest) -> HttpResponse:
    form = SwitchesForm(request.POST)
    if not form.is_valid():
        return render(
            request,
            "messaging/simulator/scenarios.html",
            _context() | {"switches": form},
            status=422,
        )
    switches.save(form.switches())
    flash.success(request, _("Saved. It holds for the next message."))
    return redirect("simulator:scenarios")


@simulator_page
@require_POST
def event(request: HttpRequest) -> HttpResponse:
    """Let something happen at Meta that concerns a number, a template or the account."""
    form = EventForm(request.POST)
    if not form.is_valid():
        return render(
            request, "messaging/simulator/scenarios.html", _context() | {"event": form}, status=422
        )
    _happen(form.cleaned_data)
    flash.success(request, _("Done. Meta's webhook for it, where there is one, is on its way."))
    return redirect("simulator:scenarios")


def _happen(data: dict[str, str]) -> None:
    if data["event"] == "quality":
        account.set_quality(data["phone_number_id"], data["rating"])
        return
    if data["event"] == "new":
        account.set_step(data["phone_number_id"], account.NEW)
        return
    what, _sep, to = data["event"].partition("_")
    if what == "limits":
        events.raise_limits(due_at=store.now())
    elif what == "account":
        events.change_account(to, due_at=store.now())
    elif what == "name":
        events.decide_name(data["phone_number_id"], to.upper(), due_at=store.now())
    else:
        template = next(one for one in account.templates() if one["id"] == data["template_id"])
        _TO_TEMPLATE[what](template, to.upper(), due_at=store.now())


_TO_TEMPLATE: dict[str, Callable[..., None]] = {
    "template": events.change_status,
    "category": events.change_category,
    "announced": events.announce_category,
    "score": events.change_template_quality,
}


@simulator_page
@require_POST
def hurry(request: HttpRequest) -> HttpResponse:
    webhooks.hurry(now=store.now())
    return redirect("simulator:scenarios")


@simulator_page
@require_POST
def end_tokens(request: HttpRequest) -> HttpResponse:
    """As when the 60 days are over: from now on every token given out so far is refused with 190."""
    account.end_tokens()
    flash.success(request, _("Every token given out so far has ended."))
    return redirect("simulator:scenarios")


@simulator_page
@require_POST
def new_token(request: HttpRequest) -> HttpResponse:
    """Show a new token once, as Meta's page does; it opens nothing but the simulator."""
    token = account.mint_token(expires_in_s=account.DAYS_60_S)
    flash.success(request, _("A new token for 60 days, shown once: %(token)s") % {"token": token})
    return redirect("simulator:scenarios")


@simulator_page
@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    """Empty the phones and undo what happened at Meta. Tokens that were given out or revoked stay so."""
    store.forget_everything(but=[store.key("tokens")])
    flash.success(request, _("The simulator is as new."))
    return redirect("simulator:scenarios")


def _context() -> dict[str, Any]:
    switched = switches.load()
    initial = {
        "scenario": switched.scenario,
        "latency_ms": switched.latency_ms,
        "reading": switched.reading.value,
    }
    return {
        "page": "scenarios",
        "switched": switched,
        "switches": SwitchesForm(initial=initial),
        "event": EventForm(),
        "scenarios": scenarios.SCENARIOS,
        "numbers": account.phone_numbers(),
        "code": account.CODE,
        "templates": account.templates(),
        "callback_url": account.callback_url(),
        "subscribed": account.is_subscribed(),
        "waiting": webhooks.waiting(),
        "deliveries": [
            line
            | {
                "at": timezone.localtime(datetime.fromtimestamp(line["at"], tz=UTC)),
                "ok": line["answer"] == _OK,
            }
            for line in webhooks.noted()
        ],
    }


@simulator_page
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    return render(
        request, "messaging/simulator/mail.html", {"page": "mail", "mails": mailbox.newest_mails()}
    )


@simulator_page
@require_safe
def mail_message(request: HttpRequest, key: str) -> HttpResponse:
    found = mailbox.mail_by_key(key)
    if found is None:
        raise Http404
    return render(request, "messaging/simulator/mail_message.html", {"page": "mail", "mail": found})
