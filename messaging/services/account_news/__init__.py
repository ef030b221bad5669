"""What Meta tells of templates, numbers and the account: into the rows, the history and the alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from messaging import queues
from messaging.graph_api import account_news as facts
from messaging.graph_api.account_news import News
from messaging.models import AccountEvent, Aspect
from messaging.services.account_news import history, of_account, of_numbers, of_templates
from messaging.services.account_news.rows import Rows
from messaging.services.verdicts import Reported

__all__ = ["apply_news"]

_LATEST = datetime.max.replace(tzinfo=UTC)
_NOT_OURS = "It speaks of a template, a number or an account that is none of ours."
_OLDER = "Newer news stands already."


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one kind of news is applied. `apply` changes the row and says what it did, None where it left it alone."""

    aspect: Aspect
    apply: Callable[[Any, Any, history.Place], history.Taken | None]


_KINDS: dict[type[News], _Kind] = {
    facts.TemplateStatusNews: _Kind(Aspect.STATUS, of_templates.take_status),
    facts.TemplateQualityNews: _Kind(Aspect.QUALITY, of_templates.take_quality),
    facts.TemplateCategoryNews: _Kind(Aspect.CATEGORY, of_templates.take_category),
    facts.TemplateContentNews: _Kind(Aspect.CONTENT, of_templates.take_content),
    facts.NumberNameNews: _Kind(Aspect.NAME, of_numbers.take_name),
    facts.NumberCapacityNews: _Kind(Aspect.CAPACITY, of_numbers.take_capacity),
    facts.NumberSecurityNews: _Kind(Aspect.SECURITY, of_numbers.take_security),
    facts.ViolationNews: _Kind(Aspect.VIOLATION, of_account.take_violation),
    facts.RestrictionNews: _Kind(Aspect.STANDING, of_account.take_restriction),
    facts.BanNews: _Kind(Aspect.STANDING, of_account.take_ban),
    facts.PartnerNews: _Kind(Aspect.PARTNER, of_account.take_partner),
    facts.ReviewNews: _Kind(Aspect.REVIEW, of_account.take_review),
    facts.CapabilityNews: _Kind(Aspect.CAPACITY, of_account.take_capability),
    facts.AccountAlertNews: _Kind(Aspect.ALERT, of_account.take_alert),
    facts.AccountNews: _Kind(Aspect.OTHER, of_account.take_other),
    facts.EchoNews: _Kind(Aspect.ECHO, history.only_keep),
}
# What the API tells too is read again: a webhook may be late, lost or one of a series.
_ASK_META = (facts.TemplateNews, facts.NumberNews, facts.CapabilityNews)


def apply_news(reports: Sequence[Reported[News]]) -> None:
    """Take this news, oldest first, and judge each report. The same end whatever its order and repetition.

    Runs within the caller's transaction. The rows are locked in one order, so that workers never deadlock.
    """
    if not reports:
        return
    rows = Rows.locked([report.fact for report in reports])
    for report in sorted(reports, key=_in_order):
        report.judge(*_take(report.fact, rows))
    if any(isinstance(report.fact, _ASK_META) for report in reports):
        queues.wake_sync()


def _in_order(report: Reported[News]) -> tuple[datetime, str]:
    """By Meta's time; of the same second always in the same order, so that workers write their lines alike."""
    return report.fact.at or _LATEST, history.digest_of(report.fact)


def _take(news: News, rows: Rows) -> tuple[str, str]:
    """Return the verdict and its reason."""
    kind, subject = _KINDS[type(news)], rows.subject_of(news)
    event, is_new = history.keep(news, aspect=kind.aspect, subject=subject)
    if not is_new:
        return "repeated", ""
    row = subject.row
    if row is None:
        return "ignored", _NOT_OURS
    place = history.place_of(event, subject)
    taken = kind.apply(row, news, place)
    _write_down(event, taken)
    if taken is None and not place.is_fresh:
        return "kept", _OLDER
    return "applied", ""


def _write_down(event: AccountEvent, taken: history.Taken | None) -> None:
    if taken is not None:
        event.before, event.after = taken.before[:200], taken.after[:200]
        event.is_applied = taken.is_applied
        event.save(update_fields=["before", "after", "is_applied"])
