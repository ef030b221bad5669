from __future__ import annotations

import pytest
from auditlog.models import LogEntry

from messaging.models import Alert, AlertKind
from messaging.services import numbers
from tenants.models import NumberSetup, PhoneNumber, QualityReading
from tests.factories import AccountFactory
from tests.messaging.graph_api.test_number_calls import BLOCKED
from tests.messaging.services.test_syncing import NUMBERS_URL, lists, number_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def rated(meta):
    """Let Meta rate the number and read it."""
    AccountFactory()

    def read(rating: str) -> None:
        meta.mock.reset()
        lists(meta, NUMBERS_URL, number_row("1", quality_rating=rating))
        numbers.sync_phone_numbers()

    return read


def open_alerts() -> list[str]:
    alerts = Alert.objects.open().filter(kind=AlertKind.NUMBER_QUALITY)
    return list(alerts.values_list("subject", flat=True))


def test_the_history_has_a_line_for_each_change_and_none_for_a_repetition(rated):
    for rating in ("GREEN", "GREEN", "YELLOW", "RED", "RED", "GREEN"):
        rated(rating)
    history = QualityReading.objects.order_by("id").values_list("rating", flat=True)
    assert list(history) == ["GREEN", "YELLOW", "RED", "GREEN"]


def test_a_quality_that_falls_is_an_alert_until_it_has_recovered(rated):
    rated("GREEN")
    assert open_alerts() == []
    rated("YELLOW")
    rated("YELLOW")
    assert open_alerts() == ["1"]
    rated("GREEN")
    assert open_alerts() == []


def test_a_quality_that_falls_further_is_told_anew(rated):
    rated("YELLOW")
    rated("RED")
    assert open_alerts() == ["1"]
    assert Alert.objects.filter(kind=AlertKind.NUMBER_QUALITY).count() == 2


@pytest.mark.parametrize("word", ["UNKNOWN", "NA", "PURPLE"])
def test_a_number_that_is_not_rated_is_no_alert(rated, word):
    rated(word)
    assert open_alerts() == []


def test_what_meta_says_of_the_health_is_kept_and_stays_while_it_says_nothing(meta):
    AccountFactory()
    lists(meta, NUMBERS_URL, number_row("1", health_status=BLOCKED))
    numbers.sync_phone_numbers()
    meta.mock.reset()
    lists(meta, NUMBERS_URL, number_row("1"))
    numbers.sync_phone_numbers()
    assert NumberSetup.objects.get().health_status == BLOCKED
    # Nobody did anything, so the log of changes says nothing.
    assert not LogEntry.objects.get_for_model(NumberSetup).exists()


@pytest.mark.parametrize(
    ("display", "is_free"), [("+15550100123", True), ("+34612345678", False), ("", False)]
)
def test_metas_free_numbers_are_known_by_their_beginning(display, is_free):
    assert PhoneNumber(display_phone_number=display).is_meta_free is is_free
