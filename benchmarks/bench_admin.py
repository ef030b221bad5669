"""The admin's pages with a million messages: `make bench-admin`, or `python -m benchmarks.bench_admin --rounds 1`.

One process asks for each page as a platform admin; what the browser then draws is not in it.
"""

from __future__ import annotations

import json

from benchmarks.stand import Stand
from benchmarks.table import Row, median, run

MESSAGES, WEBHOOKS, NUMBERS = 1_000_000, 100_000, 10
# A year of ten bakeries, the last ones a moment ago: nearly all read, each fiftieth failed.
YEAR = """
INSERT INTO messaging_message (
  id, tenant_id, phone_number_id, template_id, recipient_phone, recipient_name, components, rendered_text, reference,
  request_digest, warnings, requested_by, status, expires_at, waits_for, priority, if_unconfirmed, attempts, wamid, pricing,
  error_code, error_details, fbtrace_id, accepted_at, sent_at, delivered_at, read_at, failed_at, created_at, updated_at)
SELECT uuidv7(-age), (%(tenants)s::uuid[])[1 + place %% cardinality(%(tenants)s)],
  (%(numbers)s::bigint[])[1 + place %% cardinality(%(numbers)s)], %(template)s,
  '+34611' || lpad((place %% 5000)::text, 6, '0'), (ARRAY['Harinas', 'Molino', 'Lácteos', 'Huevos', 'Azúcares'])[1 + place %% 5]
    || ' ' || (ARRAY['García', 'Núñez', 'del Sur', 'Ibérica', 'Duero', 'Arrate', 'Castro'])[1 + place %% 7] || ' ' || place %% 5000,
  '[]', 'Hola Juan García', 'PO-' || place, '', '[]',
  'benchmark', CASE WHEN has_failed THEN 'failed' ELSE 'read' END, at + interval '24 hours', '', 0, 'leave', 1,
  'wamid.OLD' || place, '{"billable": true, "pricing_model": "PMP", "type": "regular", "category": "utility"}',
  CASE WHEN has_failed THEN 131026 END, '', '', at, at, CASE WHEN NOT has_failed THEN at + interval '2 seconds' END,
  CASE WHEN NOT has_failed THEN at + interval '1 minute' END, CASE WHEN has_failed THEN at END, at, at
FROM generate_series(1, %(count)s) AS place,
  LATERAL (SELECT (%(count)s - place) * (interval '365 days' / %(count)s) AS age, place %% 50 = 0 AS has_failed) AS row,
  LATERAL (SELECT now() - row.age AS at) AS clock
"""
RECEIVED = """
INSERT INTO messaging_webhookdelivery (body, size, received_at, processed_at, verdicts, traceback)
SELECT '{}', 2, now() - place * interval '20 seconds', now(), '[]', '' FROM generate_series(%s, 1, -1) AS place
"""
PAGES = {
    "home": ("/admin/", "≤ 300"),
    "messages": ("/admin/messaging/message/", "≤ 1000"),
    "messages, only failed ones": ("/admin/messaging/message/?status=failed", "≤ 1000"),
    "webhooks": ("/admin/messaging/webhookdelivery/", "≤ 1000"),
    "templates": ("/admin/messaging/messagetemplate/", "≤ 1000"),
    "numbers": ("/admin/tenants/phonenumber/", "≤ 1000"),
    "assignment board": ("/admin/tenants/phonenumberassignment/board/", "≤ 1000"),
    "cost of the month": ("/admin/messaging/dailyusage/", "≤ 1000"),
}


def pages(rounds: int) -> list[Row]:
    took: dict[str, list[float]] = {name: [] for name in PAGES}
    queries: dict[str, int] = {}
    # Static files need not be collected in development.
    with Stand(numbers=NUMBERS, ENVIRONMENT="development") as stand:
        seeded = {name: stand.seeded[name] for name in ("tenants", "numbers", "template")}
        stand.database.execute(YEAR, {"count": MESSAGES, **seeded})
        stand.database.execute(RECEIVED, [WEBHOOKS])
        stand.database.execute("VACUUM ANALYZE messaging_message, messaging_webhookdelivery")
        stand.run("manage", "count_usage")
        # The limit that most accounts have: with none, nobody is counted.
        stand.database.execute("UPDATE tenants_phonenumber SET messaging_limit = 'TIER_10K'")
        for _ in range(rounds):
            paths = [path for path, _goal in PAGES.values()]
            answer = json.loads(stand.run("benchmarks.admin_pages", *paths).splitlines()[-1])
            for name, (path, _goal) in PAGES.items():
                took[name].append(answer[path]["ms"])
                queries[name] = answer[path]["queries"]
    rows = [Row(f"{name}, {queries[name]} queries", median(took[name]), "ms", PAGES[name][1]) for name in PAGES]  # fmt: skip
    return [*rows, Row("queries of the home", queries["home"], "", "≤ 15")]


if __name__ == "__main__":
    run({"pages": pages}, about=__doc__)
