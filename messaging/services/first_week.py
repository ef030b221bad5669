"""The watch over the first week: a report each morning, a question to the owners on two days, and an end by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.core import signing
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from messaging.models import (
    Announcement,
    FirstWeek,
    FirstWeekAnswer,
    MailKind,
)
from messaging.months import billing_day, billing_today
from messaging.services import mails
from messaging.services.count_words import counts_in_words
from messaging.services.explaining import explain_code
from messaging.services.first_week_report import DAYS, Day, Report, report_of, watched
from messaging.services.letters import Letter, site_url
from tenants.audit import update_logged
from tenants.models import Membership, Tenant

log = structlog.get_logger(__name__)

ASKED_ON = (3, 7)
COMMENT_LENGTH = 1000
_MORNING = 7
_SALT = "first-week"
# Long enough for whoever comes back from a holiday.
_ANSWERED_WITHIN = timedelta(days=30)


class RunsAlreadyError(Exception):
    """A first week is being watched."""


class NoQuestionError(Exception):
    """The link is none of ours, is damaged, or too old."""


def begin(*, by: int, announcement: Announcement | None = None) -> FirstWeek:
    """Watch from today on, for seven days. Raises RunsAlreadyError."""
    try:
        with transaction.atomic():
            week = FirstWeek.objects.create(started_by_id=by, announcement=announcement)
    except IntegrityError:
        raise RunsAlreadyError from None
    log.info("First week begun", first_week_id=week.pk)
    return week


def end(week: FirstWeek) -> bool:
    """End the watch; False when it had ended."""
    running = FirstWeek.objects.running().filter(pk=week.pk)
    ended = update_logged(running, ended_at=timezone.now())
    if ended:
        log.info("First week ended", first_week_id=week.pk)
    return ended > 0


# --- By the clock ------------------------------------------------------------------------------------


def look_after() -> int:
    """Write what is due in the running week: this morning's report, the questions, the summary; return how many mails."""
    week = FirstWeek.objects.running().first()
    if week is None or timezone.localtime().hour < _MORNING:
        return 0
    number = (billing_today() - billing_day(week.started_at)).days + 1
    written = sum(_ask(week, day) for day in ASKED_ON if day <= number)
    if number > DAYS:
        written += _tell(week, "end")
        end(week)
    elif number > 1:
        written += _tell(week, str(number - 1))
    return written


def _tell(week: FirstWeek, day: str) -> int:
    """Write a report to the people of the platform. After an outage the last day's only."""
    report = report_of(week)
    return sum(
        mails.write(
            MailKind.FIRST_WEEK,
            occasion=f"first-week:{week.pk}:{day}",
            to=admin,
            letter=lambda: _summary(report) if day == "end" else _morning(report, int(day)),
        )
        for admin in mails.platform_admins()
    )


def _ask(week: FirstWeek, day: int) -> int:
    """Ask each owner of a bakery that uses WhatsApp or was told of it, once for each day."""
    owning = Membership.objects.filter(
        role=Membership.Role.OWNER, user__is_active=True, tenant__in=watched(week)
    ).exclude(user__email="")
    return sum(
        _ask_owner(week, day, membership)
        for membership in owning.select_related("user", "tenant").order_by("id")
    )


def _ask_owner(week: FirstWeek, day: int, membership: Membership) -> bool:
    user, tenant = membership.user, membership.tenant
    with transaction.atomic():
        answer, _created = FirstWeekAnswer.objects.get_or_create(
            first_week=week, tenant=tenant, user=user, day=day
        )
        return mails.write(
            MailKind.QUESTION,
            occasion=f"first-week:{week.pk}:{day}",
            to=user,
            tenant=tenant,
            letter=lambda: _question(answer, tenant),
        )


# --- Letters -----------------------------------------------------------------------------------------


def _morning(report: Report, number: int) -> Letter:
    day = report.days[number - 1]
    subject = _("First week, day %(number)d: %(sent)d sent, %(failed)d failed")
    return Letter(
        subject=subject
        % {"number": day.number, "sent": day.totals.sent, "failed": day.totals.failed},
        paragraphs=tuple(
            filter(
                None,
                (
                    date_format(day.day, "DATE_FORMAT"),
                    counts_in_words(day.totals),
                    quality_in_words(day.quality),
                    errors_in_words(day.errors),
                    _bakeries_in_words(day),
                    _answers_in_words(report),
                ),
            )
        ),
        links=(_link(report.week),),
        reason=_reason(),
    )


def _summary(report: Report) -> Letter:
    subject = _("The first week is over: %(sent)d sent, %(failed)d failed")
    totals = report.totals
    return Letter(
        subject=subject % {"sent": totals.sent, "failed": totals.failed},
        paragraphs=tuple(
            filter(
                None,
                (
                    counts_in_words(totals),
                    quality_in_words(report.quality),
                    errors_in_words(report.errors),
                    _answers_in_words(report),
                    _("The watch has ended by itself; no more of these mails come."),
                ),
            )
        ),
        links=(_link(report.week),),
        reason=_reason(),
    )


def quality_in_words(quality: dict[str, int]) -> str:
    known = [f"{count} {word}" for word, count in sorted(quality.items()) if word]
    if unrated := quality.get("", 0):
        text = ngettext("%(count)d not rated yet", "%(count)d not rated yet", unrated)
        known.append(text % {"count": unrated})
    return _("Quality of the numbers: %(ratings)s.") % {"ratings": ", ".join(known) or "–"}


def errors_in_words(errors: list[tuple[int | None, int]]) -> str:
    if not errors:
        return _("No errors.")
    language = get_language() or "en"
    lines = [
        f"{count} × {explain_code(code, language).title}{f' ({code})' if code is not None else ''}"
        for code, count in errors
    ]
    return "\n".join([_("Errors:"), *lines])


def _bakeries_in_words(day: Day) -> str:
    return "\n".join(f"{tenant.name}: {counts_in_words(totals)}" for tenant, totals in day.bakeries)


def _answers_in_words(report: Report) -> str:
    given = [answer for answer in report.answers if answer.answered_at is not None]
    if not given:
        return ""
    good = sum(bool(answer.is_good) for answer in given)
    text = _("Answers of the bakeries: %(good)d × 👍, %(bad)d × 👎.")
    return text % {"good": good, "bad": len(given) - good}


def _link(week: FirstWeek) -> tuple[str, str]:
    page = reverse("admin:messaging_firstweek_change", args=(week.pk,))
    return _("Open the first week"), site_url(page)


def _reason() -> str:
    return _("You get this in the first week after the announcement, as a person of the platform.")


def _question(answer: FirstWeekAnswer, tenant: Tenant) -> Letter:
    link = site_url(reverse("first-week-answer", args=(signed(answer),)))
    return Letter(
        subject=_("How is it going with the WhatsApp notices of %(bakery)s?")
        % {"bakery": tenant.name},
        paragraphs=(
            _("Hello:"),
            _("You have had WhatsApp notices for some days. Does all go as you wish?"),
            _("One click is enough; if something is wrong, tell us in a line."),
        ),
        links=(
            (_("👍 All goes well"), f"{link}?goes=well"),
            (_("👎 Something is wrong"), f"{link}?goes=badly"),
        ),
        reason=_("We ask twice in the first week, and then no more."),
    )


# --- Answers -----------------------------------------------------------------------------------------


def signed(answer: FirstWeekAnswer) -> str:
    return signing.dumps(answer.pk, salt=_SALT)


def question_of(link: str) -> FirstWeekAnswer:
    """Return what the link of a mail asks. Raises NoQuestionError."""
    try:
        pk = signing.loads(link, salt=_SALT, max_age=_ANSWERED_WITHIN)
    except signing.BadSignature:
        raise NoQuestionError from None
    answer = FirstWeekAnswer.objects.select_related("tenant").filter(pk=pk).first()
    if answer is None:
        raise NoQuestionError
    return answer


def answer(question: FirstWeekAnswer, *, is_good: bool, comment: str) -> datetime:
    """Keep the answer; the last one counts. Return when."""
    question.is_good, question.comment = is_good, comment.strip()[:COMMENT_LENGTH]
    question.answered_at = timezone.now()
    question.save(update_fields=["is_good", "comment", "answered_at"])
    log.info("First week answered", answer_id=question.pk, is_good=is_good)
    return question.answered_at
