"""The dates ahead as a calendar: to download, and at a secret address that calendar programs read without a log-in."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event

from messaging.models import CalendarFeed
from messaging.models.calendar_feed import feed_digest
from messaging.services.date_words import action_of, title_of, undated
from messaging.services.dates_ahead import DatedEvent, dated_events
from messaging.services.letters import site_url
from tenants.models import User

log = structlog.get_logger(__name__)

_READ_AGAIN_AFTER = timedelta(hours=12)
_NOTED_EVERY = timedelta(hours=1)


class NoFeedError(Exception):
    """No calendar address has this secret, or it was revoked, or its owner may no longer see the dates."""


def open_feed(user: User, *, language: str) -> str:
    """Make a new address for the person's calendar and return its secret, known now and never again.

    An earlier address of the same person dies with it.
    """
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        close_feed(user)
        feed = CalendarFeed.objects.create(
            user=user, secret_digest=feed_digest(secret), language=language
        )
    log.info("Calendar address made", calendar_feed_id=feed.pk)
    return secret


def close_feed(user: User) -> bool:
    """Let the person's address answer no more; False when there was none."""
    closed = CalendarFeed.objects.open().filter(user=user).update(revoked_at=timezone.now())
    if closed:
        log.info("Calendar address revoked", user_id=user.pk)
    return closed > 0


def read_feed(secret: str) -> bytes:
    """Return the calendar at this address, in its owner's language. Raises NoFeedError."""
    open_feeds = CalendarFeed.objects.open().select_related("user")
    feed = open_feeds.filter(secret_digest=feed_digest(secret)).first()
    if feed is None or not may_see_dates(feed.user):
        raise NoFeedError
    now = timezone.now()
    if feed.last_read_at is None or feed.last_read_at < now - _NOTED_EVERY:
        CalendarFeed.objects.filter(pk=feed.pk).update(last_read_at=now)
    with translation.override(feed.language):
        return calendar()


def may_see_dates(user: User) -> bool:
    return user.is_active and user.is_staff and user.has_perm("messaging.view_calendarfeed")


def calendar() -> bytes:
    """Return the dates ahead as iCalendar (RFC 5545), in the language that is active."""
    made = Calendar()
    made.add("prodid", "-//Bakery WhatsApp//dates//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("name", _("WhatsApp dates"))
    made.add("x-wr-calname", _("WhatsApp dates"))
    if told := undated():
        made.add("description", told)
        made.add("x-wr-caldesc", told)
    made.add("refresh-interval", _READ_AGAIN_AFTER, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT12H")
    now = datetime.now(UTC)
    for event in dated_events():
        made.add_component(_entry(event, now=now))
    return bytes(made.to_ical())


def _entry(event: DatedEvent, *, now: datetime) -> Event:
    """An entry of a whole day: what ends in the middle of it is to be seen from its morning on."""
    host = settings.SITE_URL.partition("://")[2]
    entry = Event()
    entry.add("uid", f"{event.key}@{host}")
    entry.add("dtstamp", now)
    entry.add("dtstart", event.day)
    entry.add("dtend", event.day + timedelta(days=1))
    entry.add("summary", title_of(event))
    entry.add("description", action_of(event))
    entry.add("url", site_url(reverse("admin:messaging_calendarfeed_dates")))
    entry.add("transp", "TRANSPARENT")
    for step in event.steps:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title_of(event))
        alarm.add("trigger", -timedelta(days=step))
        entry.add_component(alarm)
    return entry
