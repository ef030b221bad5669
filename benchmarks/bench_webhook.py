"""The receiving path in figures: `make bench-webhook`, or `python -m benchmarks.bench_webhook --rounds 1 --only single`.

As in bench_send, each ratio has both of its sides measured in the same round, and PostgreSQL and Valkey are durable.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.stand import Process, Stand, wait_until
from benchmarks.table import Row, median, ratio, run

PATH, GET_SAVE = "/api/v1/whatsapp/webhook", "/get-save"
CONNECTIONS = 32
SINGLE = 5_000
BODIES = 200
IN_BODY = 100
FEW, MANY, VERY_MANY = 10_000, 1_000_000, 10_000_000
WAITING = "SELECT count(*) FROM messaging_webhookdelivery WHERE processed_at IS NULL"
STORE = """
INSERT INTO messaging_webhookdelivery (body, size, received_at, verdicts, traceback) VALUES (%s, %s, now(), '[]', '')
"""
# As Meta accepted them; the order number is their place.
ACCEPTED = """
UPDATE messaging_message SET status = 'accepted', send_after = NULL, accepted_at = now(),
  wamid = 'wamid.HBgL' || lpad(substr(reference, 4), 30, '0')
"""
# Older messages of the same bakery, as a year leaves them.
OLD = """
COPY (SELECT uuidv7(-((1 + place % 365) || ' days')::interval), tenant_id, phone_number_id, template_id, '+34611' || lpad((place % 1000000)::text, 6, '0'),
  recipient_name, components, rendered_text, 'OLD-' || place, request_digest, warnings, requested_by, 'read', expires_at, waits_for,
  priority, if_unconfirmed, attempts, 'wamid.OLD' || place, error_details, fbtrace_id, now(), now(), now(), now(), created_at, updated_at
  FROM generate_series(1, STORED) AS place, (SELECT * FROM messaging_message LIMIT 1) AS pattern) TO STDOUT
"""
OLD_COLUMNS = """
COPY messaging_message (id, tenant_id, phone_number_id, template_id, recipient_phone, recipient_name, components, rendered_text,
  reference, request_digest, warnings, requested_by, status, expires_at, waits_for, priority, if_unconfirmed, attempts, wamid,
  error_details, fbtrace_id, accepted_at, sent_at, delivered_at, read_at, created_at, updated_at) FROM STDIN
"""


class Inbox:
    """A stand with messages that Meta accepted, and the bodies that tell of them."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.file = str(stand.folder / "bodies")

    def begin(self, messages: int, *, in_body: int, status: str = "delivered") -> None:
        """Forget what was; store so many accepted messages and write their webhooks."""
        self.stand.clear()
        self.stand.database.execute("TRUNCATE messaging_webhookdelivery")
        self.add(messages, in_body=in_body, status=status)

    def add(self, messages: int, *, in_body: int, status: str = "delivered") -> None:
        self.stand.queue_rows(messages)
        self.stand.database.execute(ACCEPTED + " WHERE status = 'queued'")
        self.stand.database.execute("VACUUM ANALYZE messaging_message")
        rows = self.stand.rows(
            "SELECT id::text, wamid, recipient_phone FROM messaging_message WHERE status = 'accepted' ORDER BY id"
        )
        parts = [rows[place : place + in_body] for place in range(0, len(rows), in_body)]
        lines = [json.dumps(body(part, status)) for part in parts]
        Path(self.file).write_text("\n".join(lines), encoding="ascii")

    def press(self, path: str = PATH, *, rate: float = 0.0) -> dict[str, float]:
        arguments = [str(self.stand.web_port), path, self.file, str(CONNECTIONS)]
        if rate:
            arguments.append(str(rate))
        answer: dict[str, float] = json.loads(
            self.stand.run("benchmarks.load_webhooks", *arguments)
        )
        return answer

    def wait_until_applied(self, count: int) -> float:
        """Return statuses applied a second, from the first body stored to the last one applied."""
        wait_until(lambda: not self.stand.value(WAITING))
        self.check(count)
        first, last = self.stand.rows(
            "SELECT extract(epoch FROM min(received_at)), extract(epoch FROM max(processed_at)) FROM messaging_webhookdelivery"
        )[0]
        return count / float(last - first)

    def check(self, count: int, *, timeline: bool = True) -> None:
        """Raises RuntimeError unless so many messages are delivered, with a line in their timelines."""
        delivered = "SELECT count(*) FROM messaging_message WHERE status = 'delivered' AND reference LIKE 'PO-%%'"
        lines = "SELECT count(*) FROM messaging_messageevent WHERE kind = 'delivered'"
        applied = self.stand.value(lines if timeline else delivered)
        if applied != count:
            raise RuntimeError(f"{applied} of {count} statuses were applied")

    def start_web(self, name: str) -> Process:
        if name == "ours":
            return self.stand.start_web()
        return self.stand.start_web(
            "benchmarks.bare_webhook:application",
            DJANGO_SETTINGS_MODULE="benchmarks.bare_webhook_settings",
        )


def body(rows: list[tuple[Any, ...]], status: str) -> dict[str, Any]:
    statuses = [
        {
            "id": wamid,
            "status": status,
            "timestamp": str(int(time.time())),
            "recipient_id": phone.removeprefix("+"),
            "recipient_user_id": f"ES.7021{phone.removeprefix('+')}",
            "biz_opaque_callback_data": message_id,
            "pricing": {
                "billable": True,
                "pricing_model": "PMP",
                "type": "regular",
                "category": "utility",
            },
        }
        for message_id, wamid, phone in rows
    ]
    metadata = {"display_phone_number": "34612345678", "phone_number_id": "123456789012345"}
    value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": statuses}
    change = {"field": "messages", "value": value}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "987654321098765", "changes": [change]}],
    }


# --- One status a request ------------------------------------------------------------------------


def single(rounds: int) -> list[Row]:
    figures: dict[str, list[float]] = {name: [] for name in ("bare", "ours", "applied", "saved")}
    p99 = []
    with Stand() as stand:
        inbox = Inbox(stand)
        for _ in range(rounds):
            figures["bare"].append(bare(inbox, PATH))
            figures["saved"].append(bare(inbox, GET_SAVE))
            with_worker = [stand.start_worker(), inbox.start_web("ours")]
            inbox.begin(500, in_body=1)
            inbox.press()
            inbox.wait_until_applied(500)
            inbox.begin(SINGLE, in_body=1)
            figures["ours"].append(inbox.press()["rate"])
            figures["applied"].append(inbox.wait_until_applied(SINGLE))
            inbox.begin(SINGLE // 2, in_body=1)
            p99.append(inbox.press(rate=figures["ours"][-1] / 2)["p99"])
            inbox.wait_until_applied(SINGLE // 2)
            stop(with_worker)
    return [
        Row("bare view: HMAC and one INSERT", median(figures["bare"]), "/s"),
        Row("webhooks of one status accepted, a worker applying", median(figures["ours"]), "/s"),
        Row("accepted / bare view", ratio(figures, "ours", "bare"), "×", "≥ 0.8"),
        Row("p99 at half that rate, open loop", median(p99), "ms", "≤ 100"),
        Row("statuses applied, one a request", median(figures["applied"]), "/s"),
        Row("get() and save() view, one status a request", median(figures["saved"]), "/s"),
        Row("applied / get() and save()", ratio(figures, "applied", "saved"), "×", "≥ 2.5"),
    ]


def bare(inbox: Inbox, path: str, *, count: int = SINGLE, in_body: int = 1) -> float:
    """Return requests a second of one of the bare views."""
    web = inbox.start_web("bare")
    inbox.begin(min(count, 500 * in_body), in_body=in_body)
    inbox.press(path)
    inbox.begin(count, in_body=in_body)
    rate = inbox.press(path)["rate"]
    if path == GET_SAVE:
        inbox.check(count, timeline=False)
    web.stop()
    return rate


# --- Many statuses a request ---------------------------------------------------------------------


def many(rounds: int) -> list[Row]:
    count = BODIES * IN_BODY
    figures: dict[str, list[float]] = {name: [] for name in ("ours", "saved", "floor")}
    with Stand() as stand:
        inbox = Inbox(stand)
        for _ in range(rounds):
            saved = bare(inbox, GET_SAVE, count=count // 5, in_body=IN_BODY)
            figures["saved"].append(saved * IN_BODY)
            inbox.begin(count, in_body=IN_BODY)
            seconds = float(stand.run("benchmarks.psycopg_loop", inbox.file))
            inbox.check(count)
            figures["floor"].append(count / seconds)
            with_worker = [stand.start_worker(), inbox.start_web("ours")]
            figures["ours"].append(applied(inbox, count))
            stop(with_worker)
    of = f"bodies of {IN_BODY} statuses"
    return [
        Row(f"{of}, accepted and applied end to end", median(figures["ours"]), "/s"),
        Row(f"{of}, get() and save() view", median(figures["saved"]), "/s"),
        Row(f"{of}, bare psycopg loop", median(figures["floor"]), "/s"),
        Row("end to end / get() and save()", ratio(figures, "ours", "saved"), "×", "≥ 20"),
        Row("end to end / bare psycopg loop", ratio(figures, "ours", "floor"), "×", "≥ 0.6"),
    ]


def applied(inbox: Inbox, count: int) -> float:
    """Return statuses a second, from the first request to the last status applied; once warm."""
    inbox.begin(10 * IN_BODY, in_body=IN_BODY)
    inbox.press()
    inbox.wait_until_applied(10 * IN_BODY)
    inbox.begin(count, in_body=IN_BODY)
    inbox.press()
    return inbox.wait_until_applied(count)


# --- Statements, sessions, growth ----------------------------------------------------------------


def statements(rounds: int) -> list[Row]:
    rows = []
    with Stand() as stand:
        inbox = Inbox(stand)
        for count in (1, 2000):
            inbox.begin(count, in_body=IN_BODY)
            list(store(inbox))
            found = float(stand.run("benchmarks.count_statements").splitlines()[-1])
            inbox.check(count)
            rows.append(Row(f"SQL statements for a batch of {count:,}", found, "", "constant"))
    return rows


def store(inbox: Inbox) -> Iterator[int]:
    """Store the bodies without a request; yields after each."""
    for place, line in enumerate(Path(inbox.file).read_bytes().splitlines()):
        inbox.stand.database.execute(STORE, [line, len(line)])
        yield place


def sessions(rounds: int, tasks: int = 1000) -> list[Row]:
    """Database sessions that so many wake-ups open, each with a webhook to apply."""
    opened = []
    with Stand() as stand:
        inbox = Inbox(stand)
        stand.start_worker()
        for _ in range(rounds):
            inbox.begin(tasks, in_body=1)
            before = stand.session_count()
            for _ in store(inbox):
                stand.celery.send_task("messaging.apply_webhooks", queue="webhooks")
            wait_until(lambda: not stand.value(WAITING) and not stand.redis.llen("webhooks"))
            opened.append((stand.session_count() - before) * 1000 / tasks)
    return [Row("database sessions per 1,000 tasks", median(opened), "", "≤ 20")]


def growth(rounds: int, stored: int = MANY) -> list[Row]:
    count = BODIES * IN_BODY
    figures: dict[str, list[float]] = {"few": [], "stored": []}
    with Stand() as stand:
        inbox = Inbox(stand)
        stand.start_worker()
        inbox.start_web("ours")
        for _ in range(rounds):
            figures["few"].append(applied_beside(inbox, FEW, count))
        for _ in range(rounds):
            figures["stored"].append(applied_beside(inbox, stored, count))
    return [
        Row(f"end to end with {FEW:,} messages stored", median(figures["few"]), "/s"),
        Row(f"end to end with {stored:,} messages stored", median(figures["stored"]), "/s"),
        Row(f"{stored:,} / {FEW:,}", median(figures["stored"]) / median(figures["few"]), "×", "≥ 0.8"),
    ]  # fmt: skip


def applied_beside(inbox: Inbox, stored: int, count: int) -> float:
    stand = inbox.stand
    if (
        stand.value("SELECT count(*) FROM messaging_message WHERE reference LIKE 'OLD-%%'")
        != stored
    ):
        inbox.begin(1, in_body=1)
        with (
            stand.connect() as source,
            source.cursor().copy(OLD.replace("STORED", str(stored))) as old,
            stand.database.cursor().copy(OLD_COLUMNS) as new,
        ):
            for data in old:
                new.write(data)
    stand.database.execute("TRUNCATE messaging_webhookdelivery, messaging_messageevent")
    stand.database.execute("DELETE FROM messaging_message WHERE reference LIKE 'PO-%'")
    inbox.add(count, in_body=IN_BODY)
    inbox.press()
    return inbox.wait_until_applied(count)


def stop(processes: list[Process]) -> None:
    for process in processes:
        process.stop()


MEASUREMENTS: dict[str, Callable[[int], list[Row]]] = {
    "single": single,
    "many": many,
    "statements": statements,
    "sessions": sessions,
    "growth": growth,
    "growth10m": partial(growth, stored=VERY_MANY),
}

if __name__ == "__main__":
    run(MEASUREMENTS, about=__doc__, only_asked=["growth10m"])
