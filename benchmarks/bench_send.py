"""The sending path in figures: `make bench-send`, or `python -m benchmarks.bench_send --rounds 1 --only send,latency`.

Each measurement that is a ratio runs both of its sides in every round, so that whatever else the machine does weighs on
both; the table shows the median of the rounds. PostgreSQL and Valkey are durable, the processes those of docker-compose.yml.
"""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from collections.abc import Callable

from benchmarks.stand import COMPONENTS, Process, Stand, wait_until
from benchmarks.table import Row, median, percentile, ratio, run

FAST = "1000"  # messages a second that may leave one number
THREADS = 64
MESSAGES = 3000
BEHIND = 1_000_000
# Decision 31.
OF_SEARCH = ("message_phone_end", "message_words", "message_failed", "message_never_accepted")
WORK_LEFT = (
    "SELECT count(*) FROM messaging_message WHERE send_after IS NOT NULL OR claimed_at IS NOT NULL"
)


# --- Sending -------------------------------------------------------------------------------------


def floor(stand: Stand) -> float:
    url = f"http://127.0.0.1:{stand.graph_port}/v26.0/123456789012345/messages"
    seconds = float(stand.run("benchmarks.floor", url, str(MESSAGES), str(THREADS)))
    return MESSAGES / seconds


def drain(stand: Stand, numbers: list[int], count: int = MESSAGES, *, wakes: int = 1) -> float:
    """Return messages a second from the wake-up to the last one recorded, all of them accepted."""
    stand.clear()
    stand.queue_rows(count, numbers=numbers)
    started = time.time()
    for _ in range(wakes):
        stand.wake(numbers)
    while stand.value(WORK_LEFT):
        # As beat does, for rows that somebody handed back.
        wait_until(lambda: not stand.value(WORK_LEFT) or time.time() - started > 5)
        stand.wake(numbers)
    return rate_since(stand, started, count)


def rate_since(stand: Stand, started: float, count: int) -> float:
    """The rows' own times say when the last was recorded, so the asking costs no precision."""
    accepted, last = stand.rows(
        "SELECT count(*), extract(epoch FROM max(updated_at)) FROM messaging_message WHERE status = 'accepted'"
    )[0]
    if accepted < count:
        raise RuntimeError(f"only {accepted} of {count} were accepted")
    return float(accepted) / (float(last) - started)


def start_plain_worker(stand: Stand) -> Process:
    return stand.start_worker(
        *("--include", "benchmarks.plain_celery"),
        concurrency=THREADS,
        DATABASE_POOL_SIZE=str(THREADS),
    )


def drain_plain(stand: Stand, numbers: list[int], *, processes: int) -> float:
    """The same for one task a message. All are published beforehand, as our rows are inserted beforehand."""
    stand.clear()
    stand.queue_rows(MESSAGES, numbers=numbers)
    for (message_id,) in stand.rows("SELECT id::text FROM messaging_message"):
        stand.celery.send_task("benchmarks.send_one", args=(message_id,), queue="send")
    workers = [start_plain_worker(stand) for _ in range(processes)]
    wait_until(lambda: not stand.value(WORK_LEFT), timeout_s=300)
    # From the first task's answer, for the start of the processes is not its work; that favours it a little.
    started = float(
        stand.value("SELECT extract(epoch FROM min(accepted_at)) FROM messaging_message")
    )
    stop(workers)
    return rate_since(stand, started, MESSAGES)


def sending(rounds: int) -> list[Row]:
    rows = []
    with Stand(numbers=4, WHATSAPP_MPS_SHARE=FAST) as stand:
        numbers = stand.seeded["numbers"]
        for processes in (1, 2):
            figures: dict[str, list[float]] = {"floor": [], "ours": [], "plain": []}
            for _ in range(rounds):
                figures["floor"].append(floor(stand))
                workers = [stand.start_worker() for _ in range(processes)]
                drain(stand, numbers, 500)
                figures["ours"].append(drain(stand, numbers, wakes=processes))
                stop(workers)
                figures["plain"].append(drain_plain(stand, numbers, processes=processes))
            of = "one worker process" if processes == 1 else "two worker processes"
            rows += [
                Row("floor: one bare requests + threads loop", median(figures["floor"]), "/s"),
                Row(f"sent end to end, {of}", median(figures["ours"]), "/s"),
                Row(f"one task a message, {of}", median(figures["plain"]), "/s"),
                Row(f"sent / floor, {of}", ratio(figures, "ours", "floor"), "×", "≥ 0.8"),
                Row(f"sent / one task a message, {of}", ratio(figures, "ours", "plain"), "×", "≥ 2"),
            ]  # fmt: skip
    return rows


def stop(processes: list[Process]) -> None:
    for process in processes:
        process.stop()


# --- Accepting -----------------------------------------------------------------------------------


def send_body(tenant: str, **more: str) -> str:
    """A body for `benchmarks.load`, which puts a new number for each NNNNNN."""
    return json.dumps(
        {
            **more,
            "tenant_id": tenant,
            "recipient_phone": "+34600NNNNNN",
            "recipient_name": "Juan García",
            "message_type": "template",
            "template": {
                "template_name": "po_notification",
                "language": "es",
                "components": COMPONENTS,
            },
        }
    )


def press(stand: Stand, seconds: float, **more: str) -> float:
    key, body = stand.seeded["api_key"], send_body(stand.seeded["tenants"][0], **more)
    return float(
        stand.run("benchmarks.load", str(stand.web_port), key, body, "32", str(seconds)),
    )


def accepting(rounds: int, seconds: float = 5.0) -> list[Row]:
    figures: dict[str, list[float]] = {"ours": [], "bare": []}
    with Stand() as stand:
        keys = f"{stand.seeded['numbers'][0]},{stand.seeded['template']}"
        for _ in range(rounds):
            for name, application in (
                ("bare", "benchmarks.bare_view:application"),
                ("ours", "bakery_whatsapp.wsgi:application"),
            ):
                environment = (
                    {"DJANGO_SETTINGS_MODULE": "benchmarks.bare_settings", "BARE_VIEW_KEYS": keys}
                    if name == "bare"
                    else {}
                )
                web = stand.start_web(application, **environment)
                figures[name].append(press(stand, seconds))
                web.stop()
                stand.clear()
    return [
        Row("bare view with one INSERT", median(figures["bare"]), "/s"),
        Row("POST /send accepted", median(figures["ours"]), "/s"),
        Row("accepted / bare", ratio(figures, "ours", "bare"), "×", "≥ 0.5"),
    ]


def search_indexes(rounds: int, seconds: float = 8.0) -> list[Row]:
    """What the indexes of the admin's search cost: accepting orders with a number, and sending, with them and without."""
    figures: dict[str, list[float]] = {
        f"{what} {how}": [] for what in ("accepted", "sent") for how in ("with", "without")
    }
    with Stand(numbers=4, WHATSAPP_MPS_SHARE=FAST) as stand:
        definitions = stand.rows(
            "SELECT indexname, indexdef FROM pg_indexes WHERE indexname = ANY(%s)",
            list(OF_SEARCH),
        )
        for place in range(rounds):
            # In turns who is first: the second finds warmer caches.
            for how in ("with", "without") if place % 2 else ("without", "with"):
                stand.clear()
                for name, definition in definitions:
                    stand.database.execute(f'DROP INDEX IF EXISTS "{name}"')
                    if how == "with":
                        stand.database.execute(definition)
                web = stand.start_web()
                figures[f"accepted {how}"].append(press(stand, seconds, reference="PO-NNNNNN"))
                web.stop()
                worker = stand.start_worker()
                drain(stand, stand.seeded["numbers"], 500)
                figures[f"sent {how}"].append(drain(stand, stand.seeded["numbers"]))
                worker.stop()
    rows = []
    for what in ("accepted", "sent"):
        rows += [
            Row(f"{what} with the search's indexes", median(figures[f"{what} with"]), "/s"),
            Row(f"{what} without them", median(figures[f"{what} without"]), "/s"),
            Row(f"{what}, with / without", ratio(figures, f"{what} with", f"{what} without"), "×"),
        ]
    return rows


def latency(rounds: int, requests: int = 100) -> list[Row]:
    """From the moment the caller has its 202 to the moment Graph has the request; the system idles between the two."""
    medians, slow = [], []
    with Stand() as stand:
        stand.start_worker()
        stand.start_web()
        post(stand)
        for _ in range(rounds):
            answered = {}
            for _ in range(requests):
                message_id = post(stand)
                answered[message_id] = time.monotonic()
                time.sleep(0.05)
            wait_until(lambda: not stand.value(WORK_LEFT))
            arrived = {callback: at for callback, _number, at, *_ in stand.graph("_arrivals")}
            waits = [arrived[message_id] - at for message_id, at in answered.items()]
            medians.append(median(waits) * 1000)
            slow.append(percentile(waits, 99) * 1000)
    return [
        Row("idle, 202 → request at Graph, median", median(medians), "ms", "≤ 100"),
        Row("idle, 202 → request at Graph, p99", median(slow), "ms", "≤ 1000"),
    ]


def post(stand: Stand) -> str:
    recipient = f"{uuid.uuid4().int % 1_000_000:06}"
    request = urllib.request.Request(
        f"http://127.0.0.1:{stand.web_port}/api/v1/whatsapp/send",
        data=send_body(stand.seeded["tenants"][0]).replace("NNNNNN", recipient).encode(),
        headers={
            "Authorization": f"Bearer {stand.seeded['api_key']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 (ours)
        message_id: str = json.load(response)["message_id"]
        return message_id


def sessions(rounds: int, tasks: int = 1000) -> list[Row]:
    """Database sessions that so many wake-ups open, each with a message to send."""
    opened = []
    with Stand(WHATSAPP_MPS_SHARE=FAST) as stand:
        stand.start_worker()
        for _ in range(rounds):
            stand.clear()
            before = stand.session_count()
            for place in range(tasks):
                stand.queue_rows(1, first=place)
                stand.wake()
            wait_until(lambda: not stand.value(WORK_LEFT) and not stand.redis.llen("send"))
            opened.append((stand.session_count() - before) * 1000 / tasks)
    return [Row("database sessions per 1,000 tasks", median(opened), "", "≤ 20")]


# --- Growth and pace -----------------------------------------------------------------------------


def growth(rounds: int) -> list[Row]:
    figures: dict[str, list[float]] = {"10": [], "million": [], "1": [], "200": []}
    with Stand(numbers=200, WHATSAPP_MPS_SHARE=FAST) as stand:
        numbers = stand.seeded["numbers"]
        stand.start_worker(concurrency=32, DATABASE_POOL_SIZE="40")
        drain(stand, numbers[:1], 500)
        for _ in range(rounds):
            pause(stand, on=False)  # as `with_behind` left it
            figures["1"].append(drain(stand, numbers[:1]))
            figures["200"].append(drain(stand, numbers))
            figures["10"].append(with_behind(stand, 10))
        stand.clear()
        stand.queue_rows(BEHIND)
        stand.database.execute("VACUUM ANALYZE messaging_message")
        figures["million"] = [with_behind(stand, BEHIND) for _ in range(rounds)]
    return [
        Row("sent with 10 rows waiting behind", median(figures["10"]), "/s"),
        Row("sent with 1,000,000 rows waiting behind", median(figures["million"]), "/s"),
        Row("1,000,000 / 10 rows", median(figures["million"]) / median(figures["10"]), "×", "≥ 0.9"),
        Row("sent from 1 number", median(figures["1"]), "/s"),
        Row("sent from 200 numbers", median(figures["200"]), "/s"),
        Row("200 / 1 numbers", ratio(figures, "200", "1"), "×", "≥ 0.9"),
    ]  # fmt: skip


def with_behind(stand: Stand, behind: int) -> float:
    """Return the rate of the first MESSAGES messages of a queue with `behind` more rows; the account is paused then."""
    if behind < BEHIND:
        stand.clear()
        stand.queue_rows(MESSAGES + behind)
    pause(stand, on=False)
    stand.graph("_reset")
    done = "SELECT count(*) FROM messaging_message WHERE status = 'accepted'"
    already = stand.value(done)
    started = time.time()
    stand.wake()
    # Not by counting rows, which a million of them would make expensive.
    wait_until(lambda: stand.graph()["count"] >= MESSAGES - THREADS)
    pause(stand, on=True)
    wait_until(
        lambda: not stand.value("SELECT 1 FROM messaging_message WHERE claimed_at IS NOT NULL")
    )
    last = float(stand.value("SELECT extract(epoch FROM max(accepted_at)) FROM messaging_message"))
    return float(stand.value(done) - already) / (last - started)


def pause(stand: Stand, *, on: bool) -> None:
    stand.database.execute(
        "UPDATE tenants_whatsappbusinessaccount SET sending_paused_at = CASE WHEN %s THEN now() END",
        [on],
    )


def pace(rounds: int, share: int = 20, numbers: int = 20, seconds: int = 6) -> list[Row]:
    busiest, busiest_20, reached, all_busy = [], [], [], []
    with Stand(numbers=numbers, WHATSAPP_MPS_SHARE="65") as stand:
        worker = stand.start_worker(concurrency=32, DATABASE_POOL_SIZE="40")
        for _ in range(rounds):
            drain(stand, stand.seeded["numbers"][:1], 65 * seconds)
            busiest.append(max(stand.graph()["busiest_second"].values()))
            all_busy.append(drain(stand, stand.seeded["numbers"], 65 * numbers * 2))
        worker.stop()
        stand.start_worker(concurrency=32, DATABASE_POOL_SIZE="40", WHATSAPP_MPS_SHARE=str(share))
        for _ in range(rounds):
            drain(stand, stand.seeded["numbers"], share * numbers * seconds)
            stats = stand.graph()
            busiest_20.append(max(stats["busiest_second"].values()))
            reached.append((stats["count"] - 1) / (stats["last"] - stats["first"]))
    return [
        Row("a number's busiest second at a share of 65", max(busiest), "/s", "≤ 65"),
        Row(
            f"the busiest of 20 numbers' seconds at a share of {share}",
            max(busiest_20),
            "/s",
            f"≤ {share}",
        ),
        Row(f"20 numbers with a share of {share}", median(reached), "/s", f"→ {share * numbers}"),
        Row("20 numbers with a share of 65 (the machine's limit)", median(all_busy), "/s"),
    ]


# --- The table -----------------------------------------------------------------------------------


def fairness(rounds: int, behind: int = 10_000) -> list[Row]:
    """How long one order waits on the number it shares with a bakery that has `behind` more in the queue."""
    with Stand(WHATSAPP_MPS_SHARE="65") as stand:
        stand.start_worker()
        waits = [wait_beside(stand, behind) for _ in range(rounds)]
    return [
        Row(f"one order beside {behind:,} of another bakery", max(waits) * 1000, "ms", "≤ 2000")
    ]


def wait_beside(stand: Stand, behind: int) -> float:
    """Return the seconds from queuing one order to its arrival, while another bakery's queue is being sent."""
    guest = stand.seeded["guest"]
    stand.clear()
    stand.queue_rows(behind)
    stand.wake()
    wait_until(lambda: stand.graph()["count"] > 2 * 65)
    stand.queue_rows(1, first=behind, tenant=guest)
    queued_at = time.monotonic()
    stand.wake()
    order = stand.value("SELECT id::text FROM messaging_message WHERE tenant_id = %s", guest)
    wait_until(lambda: order in stand.graph()["times_received"])
    arrived = {callback: at for callback, _number, at, *_ in stand.graph("_arrivals")}
    pause(stand, on=True)
    wait_until(
        lambda: not stand.value("SELECT 1 FROM messaging_message WHERE claimed_at IS NOT NULL")
    )
    pause(stand, on=False)
    return float(arrived[order]) - queued_at


MEASUREMENTS: dict[str, Callable[[int], list[Row]]] = {
    "send": sending,
    "accept": accepting,
    "search_indexes": search_indexes,
    "latency": latency,
    "sessions": sessions,
    "growth": growth,
    "pace": pace,
    "fairness": fairness,
}


if __name__ == "__main__":
    run(MEASUREMENTS, about=__doc__)
