"""Reminders by mail of the dates ahead, to the people of the platform: once for each step."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from messaging.models import MailKind
from messaging.services import mails
from messaging.services.date_words import action_of, title_of
from messaging.services.dates_ahead import DatedEvent, DateKind, dated_events
from messaging.services.letters import Letter, site_url

log = structlog.get_logger(__name__)


def remind() -> int:
    """Write the reminders that are due and not written yet; return how many."""
    due = [(event, step) for event in dated_events() if (step := due_step(event)) is not None]
    if not due:
        return 0
    admins = list(mails.platform_admins())
    if not admins:
        log.warning("Nobody of the platform has an e-mail address for reminders")
    return sum(
        mails.write(
            MailKind.REMINDER,
            occasion=f"{event.key}:{event.day.isoformat()}:{step}",
            to=admin,
            letter=partial(letter_of, event),
        )
        for event, step in due
        for admin in admins
    )


def due_step(event: DatedEvent) -> int | None:
    """Return the last step whose day has come; after an outage that one only, not all that were missed."""
    left = (event.day - timezone.localdate()).days
    come = [step for step in event.steps if left <= step]
    return min(come, default=None)


def letter_of(event: DatedEvent) -> Letter:
    left = event.day - timezone.localdate()
    day = date_format(event.day, "DATE_FORMAT")
    subject = f"{title_of(event)}: {day}"
    is_of_token = event.kind in {DateKind.TOKEN_ENDS, DateKind.TOKEN_ROTATION}
    page = (
        "admin:messaging_tokenrotation_page"
        if is_of_token
        else "admin:messaging_calendarfeed_dates"
    )
    words = _("Open the token page") if is_of_token else _("Open the dates")
    return Letter(
        subject=subject,
        paragraphs=(_when(left), _what_if(event), action_of(event)),
        links=((words, site_url(reverse(page))),),
        reason=_("You get this because you may change the access token of Bakery WhatsApp."),
    )


def _when(left: timedelta) -> str:
    if left.days < 0:
        late = ngettext("It is %(count)d day late.", "It is %(count)d days late.", -left.days)
        return late % {"count": -left.days}
    if left.days == 0:
        return _("It is today.")
    text = ngettext("%(count)d day is left.", "%(count)d days are left.", left.days)
    return text % {"count": left.days}


def _what_if(event: DatedEvent) -> str:
    if event.kind == DateKind.TOKEN_ENDS:
        return _(
            "Once it has ended Meta refuses every message; they wait until a new token is in service."
        )
    if event.kind == DateKind.TOKEN_ROTATION:
        return _("It does not end by itself, but a token that is never changed is found some day.")
    return _("Afterwards Meta answers with an older version, which may end or behave otherwise.")
