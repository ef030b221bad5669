from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from messaging.models import DeliveryOutcome, WebhookDelivery

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def replay(*arguments):
    out, err = StringIO(), StringIO()
    call_command("replay_webhooks", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue().strip()


@pytest.fixture
def deliveries():
    return [
        WebhookDelivery.objects.create(
            body=b"{}", received_at=NOON + timedelta(hours=hour), processed_at=NOON, outcome=outcome
        )
        for hour, outcome in enumerate((DeliveryOutcome.ERROR, DeliveryOutcome.APPLIED))
    ]


def marked():
    return set(WebhookDelivery.objects.to_be_repeated())


def test_a_range_of_time_in_the_products_zone_is_left_to_a_worker(deliveries):
    out, _err = replay("--from", "2026-11-25T13:00", "--to", "2026-11-25T14:00")
    assert out == "1 will be applied again by a worker."
    assert marked() == {deliveries[0]}


def test_single_ones_and_those_that_ended_so(deliveries):
    ids = [f"--id={row.pk}" for row in deliveries]
    replay(*ids, "--verdict", "applied")
    assert marked() == {deliveries[1]}


def test_they_may_be_applied_here_and_now(deliveries):
    out, _err = replay("--from", "2026-11-25T12:00Z", "--now")
    assert out == "2 applied again."
    assert not marked()
    assert set(WebhookDelivery.objects.values_list("outcome", flat=True)) == {"malformed"}


def test_an_id_that_is_not_there_is_told(deliveries):
    out, err = replay("--id", "987654")
    assert out.startswith("0 ")
    assert "There is no delivery 987654" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Say which"),
        (["--from", "yesterday"], "is no time"),
        (["--to", "2026-13-45"], "is no time"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(arguments, says):
    with pytest.raises(CommandError, match=says):
        replay(*arguments)
