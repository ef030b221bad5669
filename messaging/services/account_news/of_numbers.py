"""News of sending numbers: their display names, limits and PINs."""

from __future__ import annotations

from messaging.graph_api import account_news as facts
from messaging.models import AlertKind
from messaging.services.account_news.history import NOTED, Place, Taken
from messaging.services.alerts import close_alerts, open_alert
from tenants.models import PhoneNumber

_APPROVED = "APPROVED"
# A webhook's decisions in the API's words. Source: Webhooks, phone_number_name_update, 2026-11-22.
_NAME_STATUS = {
    _APPROVED: _APPROVED,
    "REJECTED": "DECLINED",
    "PENDING": "PENDING_REVIEW",
    "DEFERRED": "DEFERRED",
}
_NAME_REFUSED = frozenset({"REJECTED", "DEFERRED"})
_UPGRADE = "THROUGHPUT_UPGRADE"


def take_name(number: PhoneNumber, news: facts.NumberNameNews, place: Place) -> Taken | None:
    """A decision on a new name leaves the status of the present one; it holds once the number is registered again.

    Source: Cloud API, Display names, 2026-11-22: within 14 days, else the review must be repeated.
    """
    if not place.is_newest:
        return None
    _tell_of_name(number, news)
    status = _NAME_STATUS.get(news.event)
    is_new_name = bool(news.name) and news.name != number.verified_name
    if status is None or (is_new_name and number.name_status == _APPROVED) or not place.is_fresh:
        return Taken("", f"{news.name}: {news.event}" if news.name else news.event, False)
    before, number.name_status = number.name_status, status
    number.save(update_fields=["name_status"])
    return Taken(before, status)


def _tell_of_name(number: PhoneNumber, news: facts.NumberNameNews) -> None:
    subject = number.phone_number_id
    details = {"event": news.event, "name": news.name, "reason": news.reason}
    if news.event in _NAME_REFUSED:
        open_alert(AlertKind.NUMBER_NAME, subject=subject, details=details)
    elif news.event == _APPROVED:
        close_alerts(AlertKind.NUMBER_NAME, subject=subject)
        if news.name and news.name != number.verified_name:
            open_alert(AlertKind.NAME_APPROVED, subject=subject, details=details)


def take_capacity(
    number: PhoneNumber, news: facts.NumberCapacityNews, place: Place
) -> Taken | None:
    """Quality itself is polled: Meta no longer tells it by this field."""
    if not place.is_fresh:
        return None
    before = f"{number.messaging_limit} {number.throughput_level}".strip()
    number.messaging_limit = news.limit or number.messaging_limit
    if news.event == _UPGRADE:
        number.throughput_level = "HIGH"
    number.save(update_fields=["messaging_limit", "throughput_level"])
    return Taken(before, f"{number.messaging_limit} {number.throughput_level}".strip())


def take_security(
    number: PhoneNumber, news: facts.NumberSecurityNews, place: Place
) -> Taken | None:
    """Who knows the PIN can take the number away, so a person should know of each change."""
    if not place.is_newest:
        return None
    open_alert(
        AlertKind.NUMBER_SECURITY, subject=number.phone_number_id, details={"event": news.event}
    )
    return NOTED
