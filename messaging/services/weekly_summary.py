"""The owner's weekly note: last week in numbers, whom to call, and the cost so far, each Monday morning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from django.core import signing
from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from messaging import money
from messaging.models import Mail, MailKind, Message
from messaging.months import Month
from messaging.services import costs, failures, mails
from messaging.services.advice import advice_for
from messaging.services.costs import Totals
from messaging.services.count_words import counts_in_words
from messaging.services.letters import Letter, site_url
from messaging.services.switching import NotOwnerError
from messaging.statuses import MessageStatus
from tenants.audit import update_logged
from tenants.models import Membership, Tenant, User

log = structlog.get_logger(__name__)

_MORNING = time(7)
# Monday to Wednesday: what an outage kept from going out on Monday is still worth reading then.
_LAST_WEEKDAY = 2
_SHOWN = 10
_SALT = "weekly-summary"
# A name that is a phone number in truth does not go into a mail.
_DIGITS = re.compile(r"(?:\d[\s().-]*){7,}")


class NoSummaryError(Exception):
    """The link is none of ours, or its owner no longer belongs to the bakery."""


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days by the bakery's clock; `unresolved` are the newest that did not arrive and nobody has seen to.

    `seen_to` counts the failed that somebody has seen to.
    """

    began_at: datetime
    ended_at: datetime
    notices: int
    totals: Totals
    unresolved: list[Message]
    unresolved_count: int
    seen_to: int

    @property
    def name(self) -> str:
        year, number, _weekday = self.began_at.isocalendar()
        return f"{year}-W{number:02}"


def write_due() -> int:
    """Write the summaries that are due; return how many mails."""
    switched_on = Tenant.objects.filter(whatsapp_enabled=True).order_by("id")
    return sum(_write(tenant) for tenant in switched_on)


def _write(tenant: Tenant) -> int:
    span = _due_span(tenant)
    if span is None:
        return 0
    week = week_of(tenant, *span)
    if not week.notices:
        return 0
    return sum(
        mails.write(
            MailKind.WEEKLY_SUMMARY,
            occasion=f"week:{week.name}",
            to=owner.user,
            tenant=tenant,
            letter=partial(letter_of, week, owner),
        )
        for owner in _readers(tenant, week_name=week.name)
    )


def _readers(tenant: Tenant, *, week_name: str) -> QuerySet[Membership]:
    written = Mail.objects.of(tenant).filter(
        kind=MailKind.WEEKLY_SUMMARY, occasion=f"week:{week_name}"
    )
    owners = Membership.objects.of(tenant).filter(
        role=Membership.Role.OWNER, gets_weekly_summary=True, user__is_active=True
    )
    readers = owners.exclude(user__email="").exclude(user__in=written.values("user"))
    return readers.select_related("user", "tenant").order_by("id")


def _due_span(tenant: Tenant) -> tuple[datetime, datetime] | None:
    """Return begin and end of last week by the bakery's clock; None while it is not time to tell of it."""
    zone = ZoneInfo(tenant.time_zone)
    now = timezone.now().astimezone(zone)
    if now.weekday() > _LAST_WEEKDAY or (now.weekday() == 0 and now.time() < _MORNING):
        return None
    monday = now.date() - timedelta(days=now.weekday())
    began = datetime.combine(monday - timedelta(days=7), time.min, tzinfo=zone)
    return began, datetime.combine(monday, time.min, tzinfo=zone)


def week_of(tenant: Tenant, began_at: datetime, ended_at: datetime) -> Week:
    """Count what the bakery asked for in this time; three queries."""
    all_asked = Message.objects.of(tenant).notices()
    all_asked = all_asked.created_between(after=began_at, before=ended_at)
    asked = all_asked.exclude(status=MessageStatus.CANCELLED)
    totals, notices = Totals(), 0
    for status, count in asked.order_by().values_list("status").annotate(count=Count("id")):
        totals.count(status, count)
        notices += count
    # What the pages show as not arrived, so that nobody is called about what is settled.
    unresolved = list(failures.unresolved(all_asked).newest_first())
    still_failed = sum(message.status in failures.FAILED for message in unresolved)
    return Week(
        began_at,
        ended_at,
        notices,
        totals,
        unresolved=unresolved[:_SHOWN],
        unresolved_count=len(unresolved),
        seen_to=totals.failed - still_failed,
    )


# --- The letter --------------------------------------------------------------------------------------


def letter_of(week: Week, reader: Membership) -> Letter:
    tenant = reader.tenant
    return Letter(
        subject=f"{tenant.name}: {_in_short(week)}",
        paragraphs=tuple(
            filter(
                None,
                (
                    _which_week(week),
                    counts_in_words(week.totals),
                    _seen_to(week),
                    _unresolved(week),
                    _cost(tenant),
                ),
            )
        ),
        links=((_("Open my page"), site_url(reverse("bakery_settings", args=(tenant.slug,)))),),
        reason=_(
            "You get this each Monday after a week with notices, because this is your bakery."
        ),
        unsubscribe_url=site_url(reverse("weekly-summary", args=(signed(reader),))),
    )


def _in_short(week: Week) -> str:
    """Such as "34 notices last week: 33 read, 1 failed: call Harinas del Sur"."""
    asked = ngettext("%(count)d notice last week", "%(count)d notices last week", week.notices) % {
        "count": week.notices
    }
    read = ngettext("%(count)d read", "%(count)d read", week.totals.read)
    parts = [read % {"count": week.totals.read}]
    if count := week.unresolved_count:
        parts.append(ngettext("%(count)d failed", "%(count)d failed", count) % {"count": count})
    text = f"{asked}: {', '.join(parts)}"
    names = list(dict.fromkeys(filter(None, map(_name, week.unresolved))))
    if not names:
        return text
    return _("%(text)s: call %(name)s") % {"text": text, "name": " · ".join(names[:2])}


def _which_week(week: Week) -> str:
    last = week.ended_at - timedelta(days=1)
    days = {
        "first": date_format(week.began_at, "SHORT_DATE_FORMAT"),
        "last": date_format(last, "SHORT_DATE_FORMAT"),
    }
    return _("From %(first)s to %(last)s:") % days


def _seen_to(week: Week) -> str:
    if not week.seen_to:
        return ""
    text = ngettext(
        "%(count)d of the failed has been seen to or needs nothing more.",
        "%(count)d of the failed have been seen to or need nothing more.",
        week.seen_to,
    )
    return text % {"count": week.seen_to}


def _unresolved(week: Week) -> str:
    if not week.unresolved:
        return ""
    lines = [_("These did not arrive. Call the supplier, or correct the number in your orders:")]
    lines += [_line(message) for message in week.unresolved]
    if (more := week.unresolved_count - len(week.unresolved)) > 0:
        text = ngettext("and %(count)d more that failed", "and %(count)d more that failed", more)
        lines.append(text % {"count": more})
    return "\n".join(lines)


def _line(message: Message) -> str:
    advice = advice_for(message, language=get_language() or "es")
    who = " · ".join(filter(None, (_name(message), message.reference)))
    told = who or _("a supplier without a name")
    return f"– {told}: {advice.title}" if advice else f"– {told}"


def _name(message: Message) -> str:
    name = " ".join(message.recipient_name.split())
    return "" if _DIGITS.search(name) else name


def _cost(tenant: Tenant) -> str:
    totals = costs.month_totals(Month.current(), tenant=tenant)
    about = "≈ " if totals.estimated or totals.without_price else ""
    text = (
        _("Cost of this month so far, tests included: %(sum)s")
        if totals.trials
        else _("Cost of this month so far: %(sum)s")
    )
    return text % {"sum": f"{about}{money.sums(totals.costs)}"}


# --- On and off --------------------------------------------------------------------------------------


def choose(user: User, tenant: Tenant, *, is_on: bool) -> None:
    """Whether this owner gets the summary of this bakery. Raises NotOwnerError."""
    own = Membership.objects.of(tenant).filter(user=user, role=Membership.Role.OWNER)
    if not update_logged(own, gets_weekly_summary=is_on):
        raise NotOwnerError
    log.info("Weekly summary chosen", tenant_id=tenant.pk, user_id=user.pk, is_on=is_on)


def gets_it(user: User, tenant: Tenant) -> bool:
    own = Membership.objects.of(tenant).filter(user=user, role=Membership.Role.OWNER)
    return own.filter(gets_weekly_summary=True).exists()


def signed(reader: Membership) -> str:
    return signing.dumps(reader.pk, salt=_SALT)


def reader_of(link: str) -> Membership:
    """Return whose mail the link stood in; it never grows old. Raises NoSummaryError."""
    try:
        pk = signing.loads(link, salt=_SALT)
    except signing.BadSignature:
        raise NoSummaryError from None
    reader = Membership.objects.select_related("tenant", "user").filter(pk=pk).first()
    if reader is None:
        raise NoSummaryError
    return reader


def stop(reader: Membership) -> None:
    """Send no more of them; pressing twice does no harm."""
    update_logged(Membership.objects.filter(pk=reader.pk), gets_weekly_summary=False)
    log.info("Weekly summary ended by its link", tenant_id=reader.tenant_id, user_id=reader.user_id)
