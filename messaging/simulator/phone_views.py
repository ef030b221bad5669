"""The phone screen: chats, replies, and what its small script asks once a second."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages as flash
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from messaging.simulator import chats, pump, replies, screen, store, switches
from messaging.simulator.forms import HabitForm, NewChatForm, ReplyForm

_FORM_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def simulator_page(view: View[P]) -> View[P]:
    """Open to everybody (development only), never cached, with a plain answer when Redis is away."""

    @login_not_required
    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            pump.ensure_running()
            return view(request, *args, **kwargs)
        except store.SimulatorUnavailableError:
            return render(request, "messaging/simulator/unavailable.html", status=503)

    return wrapped


@simulator_page
@require_safe
def phone(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "messaging/simulator/phone.html",
        _page(request, None) | {"new_chat": NewChatForm()},
    )


@simulator_page
@require_safe
def chat(request: HttpRequest, chat_id: str) -> HttpResponse:
    """One open chat. Opening it reads what was delivered, as on a phone."""
    found = _chat_or_404(chat_id)
    replies.open_chat(found, reading=switches.load().reading)
    context = _page(request, found)
    quoted = request.GET.get("quote", "")
    context["quote"] = next(
        (one for one in context["open"].bubbles if quoted and one.anchor == quoted), None
    )
    return render(request, "messaging/simulator/phone.html", context)


@simulator_page
@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """Answer the changed parts as HTML, or 204 when the script has already seen this state."""
    chat_id = request.GET.get("chat", "")
    found = chats.chat_by_id(chat_id) if chat_id else None
    if found is not None:
        replies.open_chat(found, reading=switches.load().reading)
    context = _page(request, found)
    parts = {"chats": render_to_string("messaging/simulator/_chats.html", context, request)}
    if found is not None:
        parts["bubbles"] = render_to_string("messaging/simulator/_bubbles.html", context, request)
        parts["timeline"] = render_to_string("messaging/simulator/_timeline.html", context, request)
    # The form tokens in the bubbles are masked anew in each answer; they are no news.
    said = _FORM_TOKEN.sub("", repr(parts))
    revision = hashlib.sha256(said.encode()).hexdigest()[:16]
    if request.GET.get("seen") == revision:
        return HttpResponse(status=204)
    return JsonResponse({"revision": revision, "parts": parts})


@simulator_page
@require_POST
def reply(request: HttpRequest, chat_id: str) -> HttpResponse:
    """Answer in a chat: a text, a quoted text, or a quick-reply button."""
    found = _chat_or_404(chat_id)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        flash.warning(request, _("Write something first."))
        return redirect("simulator:chat", chat_id)
    _write(found, form.cleaned_data)
    return redirect("simulator:chat", chat_id)


def _write(found: chats.Chat, data: dict[str, Any]) -> None:
    kept = chats.find(data["context"]) if data["context"] else None
    quoted = kept.letter if kept and kept.letter.chat_id == found.chat_id else None
    text, payload = data["text"], None
    if data["button"] is not None:
        buttons = quoted.buttons if quoted else []
        if data["button"] >= len(buttons) or buttons[data["button"]]["type"] != "quick_reply":
            raise Http404
        text, payload = buttons[data["button"]]["text"], buttons[data["button"]]["value"]
    replies.write_back(
        wa_id=found.wa_id,
        phone_number_id=found.phone_number_id,
        text=text,
        quoted=quoted.wamid if quoted else "",
        payload=payload,
    )


@simulator_page
@require_POST
def habit(request: HttpRequest, chat_id: str) -> HttpResponse:
    """Stop or resume marketing as in WhatsApp's own menu, or hide and show the number."""
    found = _chat_or_404(chat_id)
    form = HabitForm(request.POST)
    if not form.is_valid():
        raise Http404
    chosen = form.cleaned_data["habit"]
    if chosen in {HabitForm.STOP, HabitForm.RESUME}:
        replies.prefer_marketing(found, stopped=chosen == HabitForm.STOP)
    else:
        chats.set_number_shown(chat_id, shown=chosen == HabitForm.SHOW)
    return redirect("simulator:chat", chat_id)


@simulator_page
@require_POST
def new_chat(request: HttpRequest) -> HttpResponse:
    """A recipient writes first, to any of the numbers."""
    form = NewChatForm(request.POST)
    if not form.is_valid():
        context = _page(request, None) | {"new_chat": form}
        return render(request, "messaging/simulator/phone.html", context, status=422)
    data = form.cleaned_data
    letter = replies.write_back(
        wa_id=data["sender"], phone_number_id=data["to"], text=data["text"], name=data["name"]
    )
    return redirect("simulator:chat", letter.chat_id)


def _chat_or_404(chat_id: str) -> chats.Chat:
    found = chats.chat_by_id(chat_id)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, found: chats.Chat | None) -> dict[str, Any]:
    switched = switches.load()
    return {
        "page": "phone",
        "lines": screen.chat_lines(switched),
        "open": screen.chat_screen(found, switched) if found else None,
        "open_id": found.chat_id if found else "",
        "chat": found,
        "switched": switched,
    }
