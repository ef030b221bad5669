"""Why an alert is open and what to do, where Meta's own words or our tests know more than its kind."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.admin.template_words import rejection_words, to_do_words
from messaging.models import AlertKind, SetupKey
from messaging.services.setup import finding_words
from messaging.services.webhook_checks import NO_CAUSE, WORDS, Finding, sentence_of
from tenants.display import clock
from tenants.models import StopReason
from tenants.services.number_use import capped_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_stubs_ext import StrPromise

    from messaging.models import Alert

_SCHEDULED = gettext_lazy("Meta will disable the account unless the cause is mended.")
_APPEAL = gettext_lazy(
    "Open Account quality in Meta Business Suite, read the reason and ask for a review there."
)
# Words of Meta's in a sentence and what to do. Source: Webhooks, account_update and account_alerts, 2026-11-22.
_WARNINGS: dict[str, tuple[StrPromise, StrPromise]] = {
    "ACCOUNT_VIOLATION": (
        gettext_lazy("Meta says that the account broke a policy: %(reason)s."),
        gettext_lazy(
            "Look which bakery sent what, stop it, and appeal in Account quality if Meta is wrong. Repeated, it ends in a ban."
        ),
    ),
    "SCHEDULE_FOR_DISABLE": (_SCHEDULED, _APPEAL),
    "ACCOUNT_REVIEW": (
        gettext_lazy("Meta's review of the account ended with %(reason)s."),
        _APPEAL,
    ),
    "PARTNER_REMOVED": (
        gettext_lazy("A partner no longer has access to the account."),
        gettext_lazy("If nobody of ours did this, look at Partners in Meta Business settings."),
    ),
    "PARTNER_APP_UNINSTALLED": (
        gettext_lazy("An app was removed from the account."),
        gettext_lazy(
            "If it is ours, subscribe it again; manage.py check_webhook says whether it is."
        ),
    ),
    "ACCOUNT_OFFBOARDED": (
        gettext_lazy("A number left the platform for the WhatsApp Business app: %(reason)s."),
        gettext_lazy("Read the numbers from Meta, and connect it again if it should stay."),
    ),
}
_ANY_WARNING = (
    gettext_lazy("Meta's words: %(event)s, %(reason)s. %(advice)s"),
    gettext_lazy("Look at the account in Meta Business Suite."),
)
_STOPS: dict[str, tuple[StrPromise, StrPromise]] = {
    StopReason.RESTRICTED: (
        gettext_lazy("Meta has forbidden the account to send for a while."),
        gettext_lazy(
            "Messages wait and go out by themselves at the end of the restriction. Look at Account quality in Meta Business Suite."
        ),
    ),
    StopReason.DISABLED: (
        gettext_lazy("Meta has disabled the account."),
        gettext_lazy(
            "Ask for a review in Account quality. When Meta reinstates the account, sending goes on by itself."
        ),
    ),
    StopReason.DELETED: (
        gettext_lazy("The account was deleted at Meta."),
        gettext_lazy(
            "If that was not intended, speak to Meta's support. Resume on the account's page once it is back."
        ),
    ),
}


def words_of_stop(reason: str, *, until: datetime | None) -> tuple[str, str] | None:
    """Return why Meta stopped the line and what to do; None for a stop by an error code."""
    words = _STOPS.get(reason)
    if words is None:
        return None
    end = _("until %(day)s") % {"day": clock(until)} if until else ""
    return f"{words[0]} {end}".strip(), str(words[1])


def words_of(alert: Alert) -> tuple[str, str] | None:
    """Return why and what to do; None where the kind or the error code says it all."""
    tell = _TELLERS.get(alert.kind)
    return tell(alert.details) if tell and alert.details else None


def _stopped(details: dict[str, Any]) -> tuple[str, str] | None:
    until = details.get("until")
    return words_of_stop(
        str(details.get("reason")), until=datetime.fromisoformat(until) if until else None
    )


def _template_stopped(details: dict[str, Any]) -> tuple[str, str]:
    why = _("Meta's words: %(event)s, %(reason)s. %(advice)s")
    said = {
        "event": details.get("title") or details.get("event", ""),
        "reason": details.get("reason") or "–",
        "advice": details.get("advice", ""),
    }
    status, reason = str(details.get("event", "")), str(details.get("reason") or "")
    rejection = rejection_words(reason) if status == "REJECTED" else None
    return (why % said).strip(), rejection[1] if rejection else to_do_words(status)


def _quality(details: dict[str, Any]) -> tuple[str, str]:
    if details.get("due_at"):
        why = _("Meta will disable this template on %(day)s.") % {"day": _day(details["due_at"])}
    else:
        why = _("Meta's rating is now %(event)s. A template that stays bad is paused.") % {
            "event": details.get("event", "?")
        }
    return why, _("Send it to fewer people, or write it so that nobody blocks the number for it.")


def _category(details: dict[str, Any]) -> tuple[str, str]:
    names = {"before": details.get("before") or "–", "after": details.get("after", "?")}
    if details.get("is_upcoming"):
        why = _("Meta will move it from %(before)s to %(after)s.") % names
        if details.get("due_at"):
            why = _("Meta will move it from %(before)s to %(after)s on %(day)s.") % (
                names | {"day": _day(details["due_at"])}
            )
    else:
        why = _("It moved from %(before)s to %(after)s.") % names
    if names["after"] == "MARKETING":
        meaning = _(
            "Marketing costs more for each delivery, may be held back, and people can stop it. Write it without any offer and ask Meta for a review within 60 days, or go on knowingly."
        )
    else:
        meaning = _("The price of each delivery follows the category.")
    return why, _("%(meaning)s The template's page says what that costs.") % {"meaning": meaning}


def _name(details: dict[str, Any]) -> tuple[str, str]:
    said = {
        "name": details.get("name") or "–",
        "event": details.get("event", "?"),
        "reason": details.get("reason") or "–",
    }
    why = _("The name “%(name)s”: %(event)s, %(reason)s.") % said
    action = _(
        "Recipients see the number instead of a name. Choose a name that shows the bakery's brand and ask for it in WhatsApp Manager."
    )
    return why, action


def _name_approved(details: dict[str, Any]) -> tuple[str, str]:
    why = _("Meta approved the name “%(name)s”.") % {"name": details.get("name") or "–"}
    action = _(
        "Register the number again within 14 days, else the new name is lost. Then close this alert."
    )
    return why, action


def _security(details: dict[str, Any]) -> tuple[str, str]:
    why = _("Meta's word: %(event)s.") % {"event": details.get("event", "?")}
    action = _(
        "If nobody of ours did this, set a new PIN in WhatsApp Manager at once: who knows it can take the number away."
    )
    return why, action


def _restricted(details: dict[str, Any]) -> tuple[str, str]:
    rows = [row for row in details.get("restrictions", []) if isinstance(row, dict)]
    named = "; ".join(f"{row.get('kind')} {_until(row)}".strip() for row in rows)
    return named, _("Each ends by itself. %(appeal)s") % {"appeal": _APPEAL}


def _warned(details: dict[str, Any]) -> tuple[str, str]:
    why, action = _WARNINGS.get(str(details.get("event")), _ANY_WARNING)
    said = {name: details.get(name) or "–" for name in ("event", "reason")}
    said["advice"] = details.get("advice") or details.get("date") or ""
    return (str(why) % said).strip(), str(action)


def _silent(details: dict[str, Any]) -> tuple[str, str]:
    since = _("Since %(time)s no status has arrived.") % {"time": _day(details.get("since"))}
    row = details.get("cause")
    if not row:
        return f"{since} {NO_CAUSE[0]}", str(NO_CAUSE[1])
    cause = Finding.from_json(row)
    return f"{since} {sentence_of(cause)}", str(WORDS[cause.cause][1])


def _setup(details: dict[str, Any]) -> tuple[str, str]:
    title = capfirst(SetupKey(details["line"]).label)
    found = finding_words.sentence_of(details["code"], details["facts"], capped_account())
    action = _("Open the set-up; the line says what to do. It is checked again every hour.")
    return f"{title}: {found}", action


_TELLERS: dict[str, Callable[[dict[str, Any]], tuple[str, str] | None]] = {
    AlertKind.ACCOUNT_STOPPED: _stopped,
    AlertKind.TEMPLATE_STOPPED: _template_stopped,
    AlertKind.TEMPLATE_QUALITY: _quality,
    AlertKind.TEMPLATE_CHANGED: _category,
    AlertKind.NUMBER_NAME: _name,
    AlertKind.NAME_APPROVED: _name_approved,
    AlertKind.NUMBER_SECURITY: _security,
    AlertKind.ACCOUNT_RESTRICTED: _restricted,
    AlertKind.ACCOUNT_WARNED: _warned,
    AlertKind.WEBHOOK_SILENT: _silent,
    AlertKind.SETUP_BROKEN: _setup,
}


def _until(row: dict[str, Any]) -> str:
    return _("until %(day)s") % {"day": _day(row["until"])} if row.get("until") else ""


def _day(moment: object) -> str:
    if not isinstance(moment, str):
        return "–"
    return clock(datetime.fromisoformat(moment))
