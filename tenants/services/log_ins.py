"""Where somebody is logged in, and ending that from another device."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.utils import timezone

from tenants.addresses import client_address, network_of
from tenants.models import LogIn, User

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

_KEPT_AS = "log_in"
_BROWSERS = ("Edg", "OPR", "SamsungBrowser", "Firefox", "Chrome", "Safari")
_WORDS = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet"}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "Mac",
    "Linux": "Linux",
}


def note_log_ins() -> None:
    """Called once the apps are loaded."""
    user_logged_in.connect(_note, dispatch_uid="note_log_ins")


def log_ins_of(user: User) -> list[LogIn]:
    """Return those whose session lives, the newest first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return list(user.log_ins.filter(session_key__in=alive).order_by("-started_at", "-id"))


def follow(session: SessionBase) -> None:
    """The session has got another key, as after a new password; its line stays the same."""
    if pk := session.get(_KEPT_AS):
        LogIn.objects.filter(pk=pk).update(session_key=session.session_key)


def end(user: User, pk: int) -> bool:
    """Log the person out on one device. False when that was over already, or is not theirs."""
    return _end(list(user.log_ins.filter(pk=pk)))


def end_all(user: User, *, but: str | None = None) -> int:
    """Log the person out everywhere, `but` on the device with this session key. Return on how many."""
    found = [row for row in log_ins_of(user) if row.session_key != but]
    _end(found)
    return len(found)


def _end(found: list[LogIn]) -> bool:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for row in found:
        store(row.session_key).delete()
        row.delete()
    return bool(found)


def _note(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    session = request.session
    if not session.session_key:
        session.create()
    user.log_ins.exclude(session_key__in=Session.objects.values("session_key")).delete()
    row, _created = LogIn.objects.update_or_create(
        session_key=session.session_key,
        defaults={
            "user": user,
            "started_at": timezone.now(),
            "network": network_of(client_address(request)),
            "browser": browser_of(request.headers.get("User-Agent", "")),
        },
    )
    session[_KEPT_AS] = row.pk


def browser_of(agent: str) -> str:
    """Say what somebody recognises their own device by: `Chrome, Android`."""
    browser = next((name for name in _BROWSERS if f"{name}/" in agent), "")
    system = next((word for name, word in _SYSTEMS.items() if name in agent), "")
    return ", ".join(word for word in (_WORDS.get(browser, browser), system) if word)
