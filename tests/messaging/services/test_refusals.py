from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.graph_api.signature import Signature
from messaging.services import refusals
from tenants.addresses import network_of

pytestmark = pytest.mark.usefixtures("broker")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:abcd:12::1", "2001:db8:abcd::/48"),
        ("", "unknown"),
        ("<script>", "unknown"),
    ],
)
def test_of_an_address_only_its_network_is_kept(address, network):
    assert network_of(address) == network


def test_an_hour_keeps_a_limited_number_of_networks_and_counts_the_others_together(broker):
    for place in range(refusals.MAX_LINES + 30):
        refusals.count_refusal(f"10.{place // 256}.{place % 256}.1", Signature.WRONG)
    lines = refusals.refusals(timezone.now())
    assert len(lines) <= refusals.MAX_LINES + 1
    assert sum(line.count for line in lines) == refusals.MAX_LINES + 30
    assert lines[0].network == refusals.OTHERS
    assert lines[0].count == 30


def test_what_is_asked_for_begins_with_its_hour_and_never_before_a_week(broker, time_machine):
    now = timezone.now()
    for days in (8, 2, 0):
        time_machine.move_to(now - timedelta(days=days))
        refusals.count_refusal("203.0.113.77", Signature.MISSING)
    assert len(refusals.refusals(now - timedelta(days=3))) == 2
    assert len(refusals.refusals(now - timedelta(days=30))) == 2
    assert 0 < broker.ttl(broker.keys("refusals:*")[0]) <= 7 * 86400 + 3600
