"""Finding a message by what somebody remembers of it."""

from __future__ import annotations

import pytest
from django.utils import translation

from messaging.admin import searching
from messaging.admin.searching import advice, find
from messaging.models import Message
from messaging.statuses import MessageStatus
from tests.factories import message_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, params=["all by the index", "some", "none"])
def _asked_of_the_index(request, monkeypatch):
    """Of several words the index is asked for all, for the rarest only or for none; what is found is the same."""
    if request.param != "all by the index":
        monkeypatch.setattr(searching, "_COLLECTED_FOR_A_READ", 0.5)
    if request.param == "none":
        monkeypatch.setattr(searching, "_MOST_COLLECTED", -1)


@pytest.fixture
def sought():
    message_in(
        MessageStatus.READ,
        reference="AB-9",
        recipient_phone="+34611111119",
        recipient_name="Molino Azul",
    )
    return message_in(
        MessageStatus.FAILED,
        reference="PO-12345",
        recipient_phone="+34612345680",
        recipient_name="Harinas del Sur, María Núñez",
        wamid="wamid.HBgLinvented",
    )


def found(term: str) -> list[Message]:
    return list(find(Message.objects.newest_first(), term))


@pytest.mark.parametrize(
    "term",
    [
        "PO-12345", "po-12345", "PO-12", " PO-12345 ", "#PO-12345", "# po-12345", "PO 12345", "po12345", "PO/123",
        "12345", "123", "#12345", "harinas 12345", "12345 María", "sur PO-123",
        "+34 6•• ••• 680", "+34\u00a06••\u00a0•••\u00a0680", "••• 680", "…680", "+34…5680",
        "612 345 680", "+34 612-345-680", "0034612345680", "34612345680", "(+34) 612.345.680", "612345680",
        "5680", "45 680", "0612345680",
        "wamid.HBgLinvented",
        "harinas", "Harinas Sur", "maria nuñez", "MARÍA", "NUNEZ", "núñ har",
    ],
)  # fmt: skip
def test_a_message_is_found_by_what_people_remember(sought, term):
    assert found(term) == [sought]


def test_it_is_found_by_our_id_in_both_spellings(sought):
    assert found(str(sought.pk)) == found(sought.pk.hex) == [sought]


@pytest.mark.parametrize(
    "term",
    [
        "PO-404",
        "wamid.none",
        "+34600000100",
        "680",
        "6123",
        "345",
        "+35 6•• ••• 680",
        "…80",
        "Molino 12345",
        "%",
        "_",
        "' OR 1=1 --",
        "' | !'",
        "x",
        ":*",
        "Harinas Norte",
    ],
)
def test_what_fits_nothing_finds_nothing(sought, term):
    assert found(term) == []


@pytest.mark.parametrize("stored", ["+5491123456789", "+541123456789"])
def test_every_spelling_of_an_argentine_number_finds_it(stored):
    message = message_in(MessageStatus.SENT, recipient_phone=stored)
    assert found("+54 9 11 2345-6789") == found("+54 11 2345-6789") == [message]


def test_a_number_may_be_an_order(sought):
    order = message_in(MessageStatus.SENT, reference="45680", recipient_phone="+34699999999")
    assert found("45680") == [order, sought]


def test_advice_says_what_to_type():
    with translation.override("en"):
        assert "at least the last four digits" in advice("680")
        assert "its beginning alone" in advice("+34 612")
        assert "order number" in advice("Harinas Norte")
