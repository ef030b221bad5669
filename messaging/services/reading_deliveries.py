"""Sorts the bodies of deliveries into what each service applies, with a verdict for each thing in them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from messaging.graph_api import webhook_payload
from messaging.graph_api.account_news import News
from messaging.graph_api.webhook_payload import Change, InboundFact, PreferenceFact, StatusFact
from messaging.services.verdicts import IT_BROKE, Reported, this_traceback, verdict_line

# Fields about which Meta is asked when their news cannot be read.
_ASK_META_AGAIN = ("message_template", "template_category", "phone_number", "business_capability")


@dataclass(slots=True)
class Delivery:
    """One stored body on its way through: what is said of it and where it broke."""

    id: int
    body: bytes
    is_repeat: bool = False
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    unknown_fields: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Work:
    """What a batch of deliveries holds, by the service that applies it."""

    statuses: list[Reported[StatusFact]] = field(default_factory=list)
    inbound: list[Reported[InboundFact]] = field(default_factory=list)
    preferences: list[Reported[PreferenceFact]] = field(default_factory=list)
    news: list[Reported[News]] = field(default_factory=list)
    unread_news: list[Reported[Change]] = field(default_factory=list)


def read_delivery(delivery: Delivery, work: Work) -> None:
    """Add this body's content to `work`, and to the delivery its verdicts, which applying them fills in."""
    try:
        payload = json.loads(delivery.body)
    except (ValueError, RecursionError):
        delivery.verdicts = [verdict_line("", "", "malformed", "The body is not JSON.")]
        return
    try:
        _read(payload, delivery, work)
    except Exception:
        # A fault of ours in one body; what was read of it so far is applied.
        delivery.verdicts.append(verdict_line("", "", "error", IT_BROKE))
        delivery.tracebacks.append(this_traceback())


def _read(payload: object, delivery: Delivery, work: Work) -> None:
    parsed = webhook_payload.parse(payload)
    say = delivery.verdicts.append
    for problem in parsed.problems:
        say(verdict_line("", "", "malformed", problem))
    for change in parsed.changes:
        for problem in change.problems:
            say(verdict_line(change.index, change.field, "malformed", problem))
        before = len(delivery.verdicts)
        _read_change(change, delivery, work)
        if len(delivery.verdicts) == before and not change.problems:
            say(verdict_line(change.index, change.field, "kept", "Nothing to do for this field."))
            if change.field != "messages":
                delivery.unknown_fields[change.field] += 1


def _read_change(change: Change, delivery: Delivery, work: Work) -> None:
    def line(what: str, verdict: str = "kept", why: str = "") -> dict[str, Any]:
        delivery.verdicts.append(verdict_line(change.index, what, verdict, why))
        return delivery.verdicts[-1]

    for status in change.statuses:
        report = Reported(change, status, line(status.status), delivery.tracebacks, delivery.id)
        work.statuses.append(report)
    for message in change.messages:
        work.inbound.append(Reported(change, message, line(message.type), delivery.tracebacks))
    for preference in change.preferences:
        what = line(preference.value)
        work.preferences.append(Reported(change, preference, what, delivery.tracebacks))
    for news in change.news:
        what = line(f"{news.field}: {news.event}")
        work.news.append(Reported(change, news, what, delivery.tracebacks))
    if change.errors:
        line(change.field, why="Meta reports an error of its own.")
    if not change.news and change.field.startswith(_ASK_META_AGAIN):
        work.unread_news.append(Reported(change, change, line(change.field), delivery.tracebacks))
