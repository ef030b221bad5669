"""How the admin shows states, times and numbers: a state is a word, an icon and a colour, never the colour alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from tenants.date_forms import day_form
from tenants.phone_numbers import formatted

if TYPE_CHECKING:
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

# Tones of a badge, each a colour in admin.css.
GOOD, BUSY, CAUTION, BAD, NEUTRAL = "good", "busy", "caution", "bad", "neutral"

# Meta's words for a number without a rating differ between its pages (Business phone numbers, read 2026-11-22).
UNRATED = ("", "UNKNOWN", "NA", "NONE")
_QUALITY = {"GREEN": (GOOD, "check_circle"), "YELLOW": (CAUTION, "warning"), "RED": (BAD, "cancel")}
_NUMBER_STATUS = {
    "CONNECTED": (GOOD, "link"),
    "PENDING": (BUSY, "hourglass_top"),
    "FLAGGED": (CAUTION, "flag"),
}


def badge(word: StrOrPromise, *, icon: str, tone: str, title: StrOrPromise = "") -> SafeString:
    return format_html(
        '<span class="bw-badge bw-badge--{}" title="{}">'
        '<span class="material-symbols-outlined bw-icon" aria-hidden="true">{}</span>{}</span>',
        tone,
        title,
        icon,
        word,
    )


def yes_or_no(answer: bool, *, yes: StrOrPromise, no: StrOrPromise) -> SafeString:
    if answer:
        return badge(yes, icon="check_circle", tone=GOOD)
    return badge(no, icon="do_not_disturb_on", tone=NEUTRAL)


def quality_badge(rating: str) -> SafeString | str:
    """Show Meta's own word. Its meaning is in the title, as the guide's step 10.1 has it."""
    if rating in UNRATED:
        return badge(_("not rated yet"), icon="help", tone=NEUTRAL)
    meaning = {
        "GREEN": _("All good, no restrictions."),
        "YELLOW": _("Warning: review what is sent and to whom."),
        "RED": _("Restricted: fix the causes at once."),
    }
    tone, icon = _QUALITY.get(rating, (NEUTRAL, "help"))
    return badge(rating, icon=icon, tone=tone, title=meaning.get(rating, ""))


def free_number_badge() -> SafeString:
    """Mark a number that Meta gave away (guide, step 3.1, option B); `_free_number.html` says what that means."""
    return badge(_("free number of Meta's"), icon="redeem", tone=BUSY)


def gone_number_badge(at: datetime) -> SafeString:
    """Mark a number that Meta no longer lists."""
    day = dateformat.format(timezone.localtime(at), f"{day_form()} Y")
    title = _("A sync found it no longer on %(day)s.") % {"day": day}
    return badge(_("no longer at Meta"), icon="link_off", tone=BAD, title=title)


def number_status_badge(status: str) -> SafeString | str:
    if not status:
        return "–"
    tone, icon = _NUMBER_STATUS.get(status, (BAD, "error"))
    return badge(status, icon=icon, tone=tone)


def moment(at: datetime | None, *, with_seconds: bool = False) -> SafeString | str:
    """Show a time in the zone of the admin, UTC in its title."""
    if at is None:
        return "–"
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        utc.isoformat(timespec="seconds"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        clock(at, with_seconds=with_seconds),
    )


def clock(at: datetime, *, with_seconds: bool = False) -> str:
    """Return the words of `moment`, for sentences: 21 Nov, 10:05, with the year where it is not this one."""
    local = timezone.localtime(at)
    year = "" if local.year == timezone.localtime().year else " Y"
    return dateformat.format(local, f"{day_form()}{year}, {'H:i:s' if with_seconds else 'H:i'}")


def list_url(model: str, **filters: object) -> str:
    """Return the changelist of `app_model`, filtered."""
    query = f"?{urlencode(filters)}" if filters else ""
    return f"{reverse(f'admin:{model}_changelist')}{query}"


def page_url(model: str, pk: object) -> str:
    return reverse(f"admin:{model}_change", args=(pk,))


def link(url: str, text: StrOrPromise) -> SafeString:
    return format_html('<a class="bw-link" href="{}">{}</a>', url, text)


def phone(number: str) -> str:
    """Return +34 612 345 678 with spaces that do not break; a dash when there is none."""
    return formatted(number).replace(" ", "\u00a0") if number else "–"
