"""News of the account: bans, restrictions, violations, reviews, limits; what is grave stops the line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from messaging.graph_api import account_news as facts
from messaging.models import AccountEvent, AlertKind, Aspect
from messaging.services.account_news.history import NOTED, Place, Taken
from messaging.services.accounts import lift_stop_by_meta, stop_by_meta
from messaging.services.alerts import close_alerts, open_alert
from tenants.models import StopReason, WhatsAppBusinessAccount

# Everything we send is begun by the business. Source: Webhooks, account_update, 2026-11-22.
STOPS_SENDING = "RESTRICTED_BIZ_INITIATED_MESSAGING"
_DISABLED, _REINSTATED, _SCHEDULED = "DISABLE", "REINSTATE", "SCHEDULE_FOR_DISABLE"
_BAN_EVENT = "DISABLED_UPDATE"
_LIFTED = (StopReason.RESTRICTED, StopReason.DISABLED)
_APPROVED = "APPROVED"
_REVIEW_REFUSED = frozenset({"REJECTED", "DEFERRED"})
_REVIEW = "ACCOUNT_REVIEW"
_LEFT = frozenset({"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED"})
_CAME_BACK = {"ACCOUNT_RECONNECTED": "ACCOUNT_OFFBOARDED"}


def take_violation(
    account: WhatsAppBusinessAccount, news: facts.ViolationNews, place: Place
) -> Taken | None:
    _warn(account, news.event, news.violation, details={"reason": news.violation})
    return NOTED


# --- Bans and restrictions -----------------------------------------------------------------------
def take_restriction(
    account: WhatsAppBusinessAccount, news: facts.RestrictionNews, place: Place
) -> Taken | None:
    """Each kind of restriction holds until its own end; only one that forbids sending stops the line."""
    if (
        _bans(account)
        .filter(at__gt=place.at, details__ban_info__waba_ban_state=_REINSTATED)
        .exists()
    ):
        return None
    before = _named(account)
    known = {row["kind"]: row for row in account.restrictions}
    for told in news.restrictions:
        standing = known.get(told.kind)
        if standing is None or datetime.fromisoformat(standing["told_at"]) <= place.at:
            until = told.until.isoformat() if told.until else None
            known[told.kind] = {"kind": told.kind, "until": until, "told_at": place.at.isoformat()}
    _restrict(account, list(known.values()))
    settle_line(account)
    return Taken(before, _named(account))


def take_ban(account: WhatsAppBusinessAccount, news: facts.BanNews, place: Place) -> Taken | None:
    if _bans(account).filter(at__gt=place.at).exists():
        return None
    before, account.ban_state = account.ban_state, news.state[:32]
    account.save(update_fields=["ban_state"])
    if news.state == _SCHEDULED:
        _warn(account, _SCHEDULED, details={"date": news.date_text})
    else:
        close_alerts(AlertKind.ACCOUNT_WARNED, subject=_subject(account, _SCHEDULED))
    if news.state == _REINSTATED:
        later = [
            row for row in account.restrictions if datetime.fromisoformat(row["told_at"]) > place.at
        ]
        _restrict(account, later)
    settle_line(account)
    return Taken(before, news.state)


def settle_line(account: WhatsAppBusinessAccount) -> None:
    """Stop or open the line as ban and restrictions say."""
    if account.ban_state == _DISABLED:
        stop_by_meta(account, reason=StopReason.DISABLED)
        return
    forbidden = next((row for row in account.restrictions if row["kind"] == STOPS_SENDING), None)
    if forbidden is None:
        lift_stop_by_meta(account, reasons=_LIFTED)
        return
    if account.ban_state == _REINSTATED:
        lift_stop_by_meta(account, reasons=[StopReason.DISABLED])
    stop_by_meta(account, reason=StopReason.RESTRICTED, until=_end_of(forbidden))


def end_restrictions() -> None:
    """Forget restrictions that have ended; what waited for the end goes out. The sweep asks."""
    now = timezone.now()
    restricted = WhatsAppBusinessAccount.objects.exclude(restrictions=[])
    if not restricted.exists():
        return
    with transaction.atomic():
        for account in restricted.order_by("pk").select_for_update(no_key=True):
            if any(_has_ended(row, now) for row in account.restrictions):
                _restrict(account, account.restrictions)
                settle_line(account)


def _restrict(account: WhatsAppBusinessAccount, restrictions: list[dict[str, Any]]) -> None:
    now = timezone.now()
    standing = [row for row in restrictions if not _has_ended(row, now)]
    account.restrictions = sorted(standing, key=lambda row: str(row["kind"]))
    account.save(update_fields=["restrictions"])
    if standing:
        details = {"restrictions": account.restrictions}
        open_alert(AlertKind.ACCOUNT_RESTRICTED, subject=account.waba_id, details=details)
    else:
        close_alerts(AlertKind.ACCOUNT_RESTRICTED, subject=account.waba_id)


def _has_ended(row: dict[str, Any], now: datetime) -> bool:
    end = _end_of(row)
    return end is not None and end <= now


def _end_of(row: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(row["until"]) if row["until"] else None


def _named(account: WhatsAppBusinessAccount) -> str:
    return ", ".join(str(row["kind"]) for row in account.restrictions)


def _bans(account: WhatsAppBusinessAccount) -> Any:
    return AccountEvent.objects.filter(account=account, aspect=Aspect.STANDING, event=_BAN_EVENT)


# --- What else is told ---------------------------------------------------------------------------
def take_other(
    account: WhatsAppBusinessAccount, news: facts.AccountNews, place: Place
) -> Taken | None:
    if news.event == "ACCOUNT_DELETED":
        stop_by_meta(account, reason=StopReason.DELETED)
    return NOTED


def take_partner(
    account: WhatsAppBusinessAccount, news: facts.PartnerNews, place: Place
) -> Taken | None:
    if news.event in _LEFT and place.is_newest:
        _warn(account, news.event, details={"reason": news.reason})
    elif news.event in _CAME_BACK:
        close_alerts(AlertKind.ACCOUNT_WARNED, subject=_subject(account, _CAME_BACK[news.event]))
    return None


def take_review(
    account: WhatsAppBusinessAccount, news: facts.ReviewNews, place: Place
) -> Taken | None:
    if not place.is_newest:
        return None
    before, account.review_status = account.review_status, news.event[:32]
    account.save(update_fields=["review_status"])
    if news.event in _REVIEW_REFUSED:
        _warn(account, _REVIEW, details={"reason": news.event})
    elif news.event == _APPROVED:
        close_alerts(AlertKind.ACCOUNT_WARNED, subject=_subject(account, _REVIEW))
    return Taken(before, news.event)


def take_capability(
    account: WhatsAppBusinessAccount, news: facts.CapabilityNews, place: Place
) -> Taken | None:
    """The limit is the portfolio's, so all numbers of the account have it."""
    if not place.is_newest:
        return None
    before = _capability(account)
    account.messaging_limit = news.limit or account.messaging_limit
    if news.max_numbers is not None:
        account.max_phone_numbers, account.max_phone_numbers_read_at = news.max_numbers, place.at
    account.save(
        update_fields=["messaging_limit", "max_phone_numbers", "max_phone_numbers_read_at"]
    )
    if news.limit:
        account.phone_numbers.update(messaging_limit=news.limit)
    return Taken(before, _capability(account))


def _capability(account: WhatsAppBusinessAccount) -> str:
    return f"{account.messaging_limit or '–'} · {account.max_phone_numbers or '–'}"


def take_alert(
    account: WhatsAppBusinessAccount, news: facts.AccountAlertNews, place: Place
) -> Taken | None:
    if not place.is_newest:
        return None
    if news.status not in {"", "ACTIVE"}:
        close_alerts(AlertKind.ACCOUNT_WARNED, subject=_subject(account, news.event))
    elif news.severity != "INFORMATIONAL":
        _warn(account, news.event, details={"reason": news.severity, "advice": news.text})
    return NOTED


def _warn(
    account: WhatsAppBusinessAccount, event: str, *more: str, details: dict[str, Any]
) -> None:
    open_alert(
        AlertKind.ACCOUNT_WARNED,
        subject=_subject(account, event, *more),
        details={"event": event, **details},
    )


def _subject(account: WhatsAppBusinessAccount, *words: str) -> str:
    return " ".join(filter(None, (account.waba_id, *words)))
