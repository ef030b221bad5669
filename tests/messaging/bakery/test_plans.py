"""A bakery's list of notices reads few rows of 100,000, whatever is looked for: PostgreSQL's own plans, carried out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import MembershipFactory, RecipientFactory
from tests.messaging.admin.test_plans import ROWS, nodes, one_of_many  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

TERMS = ("PO-77777", "po-7777", "77777", "777", "612 345 680", "Única", "nunez", "nunez 7", "zzz")
GROUPS = ("sent", "delivered", "read", "waiting", "failed", "test")


@pytest.fixture
def owner(one_of_many):  # noqa: F811
    """The owner of the bakery that has them all, with some hundred suppliers."""
    tenant = one_of_many.tenant
    for number in range(300):
        RecipientFactory.create(
            tenant=tenant, name=f"Núñez {number}", phone=f"+346{number * 7919 + 7919:08}"
        )
    RecipientFactory.create(tenant=tenant, name="Ana Única", phone=one_of_many.recipient_phone)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE messaging_recipient")
    return MembershipFactory.create(tenant=tenant).user


def rows_read(sql: str) -> int:
    """Return how many messages were looked at."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        (found,) = cursor.fetchone()
    found = json.loads(found) if isinstance(found, str) else found
    return sum(
        int(node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)))
        for node in nodes(found[0]["Plan"])
        if node.get("Relation Name") == "messaging_message"
    )


def test_no_search_and_no_filter_reads_through_all_notices(browse, owner):
    client, (membership,) = browse(owner), owner.memberships.all()
    page = f"/bakery/{membership.tenant.slug}/messages"
    tries: list[dict[str, Any]] = [{"q": term} for term in TERMS]
    tries += [{"status": group} for group in GROUPS]
    tries += [{"q": term, "status": group} for term in TERMS for group in ("read", "failed")]
    tries += [{"q": "zzz", "status": "waiting"}, {"q": "77777", "status": "test"}]
    for query in tries:
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(page, query, follow=True)
        assert answer.status_code == 200
        queries = [
            row["sql"]
            for row in seen
            if row["sql"].startswith("SELECT") and 'FROM "messaging_message"' in row["sql"]
        ]
        assert queries
        assert {sql: rows_read(sql) for sql in queries if rows_read(sql) > ROWS // 20} == {}, query
