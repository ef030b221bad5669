"""Meta's status reports, applied to their messages; the same end whatever their order and repetition.

Thousands of them take as many statements as one: the messages' rows are locked, brought forward here and written back
with one UPDATE, and their timelines get one INSERT.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from messaging.graph_api.webhook_payload import Change, StatusFact
from messaging.models import Message
from messaging.services import answering, holding, opting_out, people, timeline
from messaging.services.isolating import isolate
from messaging.services.status_rows import StatusRow, lock_rows, write_rows
from messaging.services.template_alerts import STATUS_AFTER
from messaging.services.timeline import Line
from messaging.services.verdicts import Reported
from messaging.statuses import META_REPORTS, MessageStatus, settle

log = structlog.get_logger(__name__)

_DETAILS_LENGTH = 500


@dataclass(slots=True)
class _Case:
    """One message as it stands and all that is reported of it."""

    row: StatusRow
    reports: list[Reported[StatusFact]] = field(default_factory=list)

    def broke(self) -> None:
        for report in self.reports:
            report.broke()


def apply_status_reports(reports: Sequence[Reported[StatusFact]]) -> None:
    """Bring the messages to where these reports put them, and judge each report."""
    our_ids = [_our_id(report.fact) for report in reports]
    rows = _rows_of(our_ids, {report.fact.wamid for report in reports})
    for report, our_id in zip(reports, our_ids, strict=True):
        # What one report teaches of the wamid, the others of the batch may need.
        if row := rows.get(our_id):
            rows.setdefault(report.fact.wamid, row)
    cases: dict[uuid.UUID, _Case] = {}
    for report, our_id in zip(reports, our_ids, strict=True):
        fact = report.fact
        row = rows.get(our_id) or rows.get(fact.wamid)
        why = _why_not(report.change, fact, row)
        if why is not None or row is None:
            report.judge("ignored", why or "")
            continue
        if row.id not in cases:
            cases[row.id] = _Case(row)
        cases[row.id].reports.append(report)
    # The rows are locked by now, all in order; parts of them may be tried again in any order.
    isolate(_write, list(cases.values()), _Case.broke)


def _rows_of(our_ids: Iterable[uuid.UUID | None], wamids: set[str]) -> dict[object, StatusRow]:
    """Return the locked rows by our id and by wamid."""
    rows: dict[object, StatusRow] = {}
    for row in lock_rows({our_id for our_id in our_ids if our_id}, wamids):
        rows[row.id] = row
        if row.wamid:
            rows[row.wamid] = row
    return rows


def _our_id(fact: StatusFact) -> uuid.UUID | None:
    """Return the message id that we sent along as `biz_opaque_callback_data`."""
    if fact.callback_data is None:
        return None
    try:
        return uuid.UUID(fact.callback_data)
    except ValueError:
        return None


def _why_not(change: Change, fact: StatusFact, row: StatusRow | None) -> str | None:
    """Return why the status is not applied, None when it is."""
    if (fact.callback_data or "").startswith(answering.CALLBACK_PREFIX):
        return "It is about our answer to an opt-out."
    if fact.status not in META_REPORTS:
        return "We do not know this status."
    if row is None:
        return "No message of ours has this id."
    if change.phone_number_id != row.phone_number_id:
        return "It speaks of another sending number than the message's."
    return None


def _write(cases: Sequence[_Case]) -> None:
    """Settling is harmless to repeat, so a row may be settled again when its batch broke."""
    for case in cases:
        _settle(case.row, [report.fact for report in case.reports])
    write_rows([case.row for case in cases if case.row.changed])
    written = timeline.write_events(
        [
            Line(
                case.row.id,
                report.fact.status,
                report.fact.error_code,
                report.fact.at,
                delivery=report.delivery,
            )
            for case in cases
            for report in case.reports
        ]
    )
    new = {(event.message_id, event.kind, event.code) for event in written}
    for case in cases:
        _judge(case, new)
    _heed_dropped(cases)
    _heed_people(cases)
    _log(cases)


def _judge(case: _Case, new: set[tuple[uuid.UUID, str, int | None]]) -> None:
    """A report is applied when its line in the timeline is new; each line is new once."""
    why = f"message {case.row.id}"
    for report in case.reports:
        line = (case.row.id, report.fact.status, report.fact.error_code)
        report.judge("applied" if line in new else "repeated", why)
        new.discard(line)


def _heed_dropped(cases: Iterable[_Case]) -> None:
    """Tell whoever keeps the templates which of them Meta stopped."""
    dropped: dict[int, set[int]] = defaultdict(set)
    for case in cases:
        for report in case.reports:
            if report.fact.error_code in STATUS_AFTER:
                dropped[report.fact.error_code].add(case.row.template_id)
    for code, template_ids in sorted(dropped.items()):
        holding.heed_dropped(template_ids, code=code)


def _heed_people(cases: Sequence[_Case]) -> None:
    """Keep by what other names WhatsApp knows the recipients, and who of them wants no marketing."""
    pairs = [(case.row, report.fact) for case in cases for report in case.reports]
    people.learn(
        told
        for row, fact in pairs
        for told in people.names_told(
            phone_number=row.number_pk,
            phone=row.recipient_phone,
            person=people.from_meta(digits=fact.recipient_id, user_id=fact.recipient_user_id),
        )
    )
    stopped = {row.id: fact.at for row, fact in pairs if opting_out.is_stop(fact.error_code)}
    if stopped:
        known = Message.objects.filter(pk__in=stopped, erased_at__isnull=True)
        messages = known.select_related("phone_number")
        opting_out.heed_stops((message, stopped[message.pk]) for message in messages)


def _log(cases: Iterable[_Case]) -> None:
    """One line for all that moved, and one for each that failed: a line for each would cost more than applying it."""
    moved: Counter[str] = Counter()
    for case in cases:
        if "status" not in case.row.changed:
            continue
        moved[case.row.status] += 1
        if case.row.status == MessageStatus.FAILED:
            log.info(
                "WhatsApp message failed", message_id=case.row.id, error_code=case.row.error_code
            )
    if moved:
        log.info("WhatsApp message statuses", **moved)


def _settle(row: StatusRow, facts: Sequence[StatusFact]) -> None:
    """Bring the row to where these reports put it; the same end whatever their order and repetition."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for fact in facts:
        times[fact.status].append(fact.at)
    read = times[MessageStatus.READ]
    # Meta leaves out what a later status implies.
    delivered = times[MessageStatus.DELIVERED] + read
    row.put("read_at", _earliest(row.read_at, read))
    row.put("delivered_at", _earliest(row.delivered_at, delivered))
    row.put("sent_at", _earliest(row.sent_at, times[MessageStatus.SENT] + delivered))
    _keep_failure(row, facts)
    status = settle(MessageStatus(row.status), (MessageStatus(fact.status) for fact in facts))
    row.put("status", status.value)
    _keep_what_it_lacks(row, facts)


def _keep_what_it_lacks(row: StatusRow, facts: Sequence[StatusFact]) -> None:
    # Sorted, so that the first report counts whichever came first.
    for fact in sorted(facts, key=lambda fact: fact.at):
        if not row.wamid:
            row.put("wamid", fact.wamid)
        if fact.pricing and not row.has_pricing:
            row.put("pricing", json.dumps(fact.pricing))
            row.has_pricing = True


def _keep_failure(row: StatusRow, facts: Sequence[StatusFact]) -> None:
    failures = [fact for fact in facts if fact.status == MessageStatus.FAILED]
    if not failures:
        return
    first = min(failures, key=lambda fact: (fact.at, fact.error_code or 0))
    if row.failed_at is None or (first.at, first.error_code or 0) < (
        row.failed_at,
        row.error_code or 0,
    ):
        row.put_failure(first.at, first.error_code, first.error_details[:_DETAILS_LENGTH])


def _earliest(known: datetime | None, reported: list[datetime]) -> datetime | None:
    return min([known, *reported] if known else reported, default=None)
