"""Every way to look for messages leads to an index: 100,000 rows, analysed, and PostgreSQL's own plans."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging.admin import paginator
from messaging.models import Message
from messaging.services import ways
from messaging.statuses import MessageStatus
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/messaging/message/"
ROWS = 100_000

# Two messages a second; of a hundred 2 failed, one in 10,000 is in each rare state.
_FILL = """
INSERT INTO messaging_message (
  id, tenant_id, phone_number_id, template_id, recipient_phone, recipient_name, components, rendered_text, reference,
  request_digest, warnings, requested_by, status, expires_at, waits_for, priority, if_unconfirmed, attempts, wamid,
  error_details, fbtrace_id, created_at, updated_at, accepted_at, sent_at, failed_at, delivered_at, error_code)
SELECT
  (lpad(to_hex(extract(epoch FROM at)::bigint * 1000 + place % 1000), 12, '0') || '7' || lpad(to_hex(place % 4096), 3, '0')
    || '8' || lpad(to_hex(place), 15, '0'))::uuid,
  tenant_id, phone_number_id, template_id, '+346' || lpad((place * 7919 % 90000000)::text, 8, '0'),
  'Supplier ' || (ARRAY['García', 'Núñez', 'del Sur', 'Harinas', 'Molino'])[1 + place % 5] || ' ' || place % 5000,
  '[]', 'Hola', 'PO-' || place, '', '[]', 'test', state, now(), '', 0, 'leave', 1, 'wamid.' || place, '', '', at, at,
  CASE WHEN state IN ('cancelled', 'expired') THEN NULL ELSE at END, at,
  CASE WHEN state = 'failed' THEN at END, CASE WHEN state IN ('read', 'delivered') THEN at END, CASE WHEN state = 'failed' THEN 131026 END
FROM (
  SELECT place, now() - (%(rows)s - place) * interval '0.5 seconds' AS at,
    CASE WHEN place % 10000 = 1 THEN 'cancelled' WHEN place % 10000 = 2 THEN 'expired' WHEN place % 50 = 3 THEN 'failed'
         WHEN place % 50 = 4 THEN 'sent' WHEN place % 3 = 1 THEN 'delivered' ELSE 'read' END AS state
  FROM generate_series(1, %(rows)s) AS place
) AS made, (SELECT tenant_id, phone_number_id, template_id FROM messaging_message LIMIT 1) AS one
"""


@pytest.fixture
def one_of_many():
    """A message among 100,000 others of the same bakery, analysed."""
    message = MessageFactory.create(recipient_phone="+34612345680", recipient_name="Ana Única")
    with connection.cursor() as cursor:
        cursor.execute(_FILL.replace("%(rows)s", str(ROWS)))
        cursor.execute("ANALYZE messaging_message")
    return message


def list_queries(client, **query) -> list[str]:
    """The queries of the page's own rows."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        page = client.get(LIST, query, follow=True)
    assert page.status_code == 200
    return [
        row["sql"]
        for row in seen
        if row["sql"].startswith("SELECT") and 'FROM "messaging_message"' in row["sql"]
    ]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(inner for child in plan.get("Plans", []) for inner in nodes(child))]


def plan_of(sql: str, *settings: str) -> list[dict[str, Any]]:
    with transaction.atomic(), connection.cursor() as cursor:
        for setting in settings:
            cursor.execute(setting)
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        (found,) = cursor.fetchone()
    found = json.loads(found) if isinstance(found, str) else found
    return nodes(found[0]["Plan"])


SEARCHES = {
    "order": "PO-77777",
    "beginning of an order": "po-7777",
    "order with a mark": "#PO-77777",
    "order with a blank": "po 77777",
    "digits of an order": "77777",
    "few digits of an order": "777",
    "name and digits of an order": "garcia 77775",
    "number as our pages print it": "+34 6•• ••• 680",
    "number": "+34 612 345 680",
    "number as dialled abroad": "0034612345680",
    "number at home": "612 345 680",
    "last digits": "5680",
    "wamid": "wamid.77777",
    "name": "Única",
    "beginnings of a name": "suppl garc",
    "half an order and a name": "nunez 77",
    "nothing": "zzz",
}
FILTERS = [
    {},
    *({"status": status.value} for status in MessageStatus),
    {"status": "undecided"},
    *({"when": when} for when in ("today", "yesterday", "week", "month")),
]


def test_every_way_to_look_for_messages_uses_an_index(one_of_many, paula, monkeypatch):
    # What has no index is looked through in parts, here of a twentieth.
    monkeypatch.setattr(paginator, "LOOKED_THROUGH", ROWS // 20)
    monkeypatch.setattr(paginator, "SEARCHED_THROUGH", ROWS // 20)
    tries: list[dict[str, Any]] = [
        {"q": term} for term in (*SEARCHES.values(), str(one_of_many.pk))
    ]
    tries += FILTERS
    # As the page offers it: what was searched for, narrowed down.
    tries += [
        {"q": term} | narrowed
        for term in ("PO-77777", "77777", "612 345 680", "5680", "Única", "nunez 77", "zzz")
        for narrowed in (
            {"status": "failed"},
            {"status": "read"},
            {"tenant": one_of_many.tenant_id},
            {"when": "today", "tenant": one_of_many.tenant_id, "status": "expired"},
        )
    ]
    tries += [
        {"tenant": one_of_many.tenant_id},
        {"tenant": one_of_many.tenant_id, "status": "failed"},
        {"number": one_of_many.phone_number_id},
        {"template": one_of_many.template_id},
        {"to": one_of_many.pk},
        {"code": 131026},
        {"code": 131026, "when": "today", "tenant": one_of_many.tenant_id},
        {"older": Message.objects.order_by("id")[ROWS // 2].pk},
        {"newer": Message.objects.order_by("id")[ROWS // 2].pk, "q": "suppl garc"},
    ]
    bad = []
    for query in tries:
        queries = list_queries(paula, **query)
        assert queries, query
        for sql in queries:
            assert "COUNT(" not in sql or f"LIMIT {ways.SAMPLED})" in sql
            scans = [
                node for node in plan_of(sql) if node.get("Relation Name") == "messaging_message"
            ]
            bad += [
                (query, node["Node Type"], sql) for node in scans if node["Node Type"] == "Seq Scan"
            ]
    assert bad == []


def test_the_index_is_not_asked_for_a_frequent_word_beside_a_rare_one(one_of_many, paula):
    *_others, rows = list_queries(paula, q="supplier 4242")
    (by_words,) = [
        node["Index Cond"]
        for node in plan_of(
            rows, "SET LOCAL enable_indexscan = off", "SET LOCAL enable_seqscan = off"
        )
        if node.get("Index Name") == "message_words" and "recipient_name" in node["Index Cond"]
    ]
    assert "4242" in by_words
    assert "supplier" not in by_words
