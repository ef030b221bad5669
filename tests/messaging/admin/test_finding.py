"""The search box on every page of the admin."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.admin import searching
from messaging.models import Message
from messaging.services import ways
from messaging.statuses import MessageStatus
from tenants.models import User
from tests.factories import MembershipFactory, message_in

pytestmark = pytest.mark.django_db

FIND = "/admin/messaging/message/find/"
LIST = "/admin/messaging/message/"


def page_of(message) -> str:
    return reverse("admin:messaging_message_change", args=(message.pk,))


@pytest.fixture
def message():
    return message_in(MessageStatus.READ, reference="PO-12345", recipient_name="Harinas del Sur")


def test_the_box_stands_on_every_page(paula):
    for url in ("/admin/", LIST, "/admin/tenants/tenant/", "/admin/messaging/webhookdelivery/"):
        assert f'action="{FIND}"' in paula.get(url).text


@pytest.mark.parametrize("term", ["PO-12345", "harinas", "600 000 101", "0101"])
def test_the_only_message_is_opened(paula, message, term):
    assert paula.post(FIND, {"term": term}).headers["location"] == page_of(message)


def test_several_are_listed_and_the_number_is_in_no_address(paula, message):
    other = message_in(MessageStatus.SENT, reference="PO-9")
    answer = paula.post(FIND, {"term": "+34 600 000 101"})
    address = answer.headers["location"]
    assert address.startswith(f"{LIST}?q=sealed")
    assert "600" not in address
    page = paula.get(address).text
    assert page_of(message) in page
    assert page_of(other) in page
    # The box shows what was typed; links on the page keep it sealed.
    assert 'value="+34 600 000 101"' in page
    assert "q=%2B34" not in page
    assert "q=600" not in page


def test_a_search_in_the_list_is_posted_and_sealed_too(paula, message):
    message_in(MessageStatus.SENT, recipient_phone="+34699999999")
    answer = paula.post(f"{LIST}?status=read&older={message.pk}", {"q": "600000101"})
    assert answer.status_code == 302
    address = answer.headers["location"]
    assert "status=read" in address
    assert "older" not in address
    assert "600000101" not in address
    assert page_of(message) in paula.get(address).text


def test_an_address_with_a_number_in_it_is_exchanged(paula, message):
    others = ("messaging/suppression", "messaging/inboundmessage", "messaging/personalias")
    ours = ("tenants/phonenumber", "tenants/phonenumberassignment")
    for path in (LIST, *(f"/admin/{name}/" for name in (*others, *ours))):
        address = paula.get(path, {"q": "+34600000101"}).headers["location"]
        assert "600000101" not in address
        assert paula.get(address).status_code == 200


def test_words_stay_as_they_are_in_the_address(paula, message):
    message_in(MessageStatus.READ, recipient_name="Harinas del Norte")
    assert paula.post(FIND, {"term": "harinas"}).headers["location"] == f"{LIST}?q=harinas"


@pytest.mark.parametrize("q", ["sealed:", "sealed:nonsense", "sealed:gAAAAABrB"])
def test_a_broken_seal_is_no_error(paula, message, q):
    assert paula.get(LIST, {"q": q}).status_code == 200


def test_nothing_found_says_what_to_type(paula, message):
    page = paula.post(FIND, {"term": "999"}, follow=True).text
    assert "No results found" in page
    assert "at least the last four digits" in page
    page = paula.post(FIND, {"term": "999"}, follow=True, headers={"accept-language": "es"}).text
    assert "al menos las cuatro últimas cifras" in page


def test_an_error_code_that_is_nothing_else_lists_what_it_stopped(paula):
    refused = message_in(MessageStatus.FAILED, error_code=131026, failed_at=timezone.now())
    answer = paula.post(FIND, {"term": "131026"})
    assert answer.headers["location"] == f"{LIST}?code=131026"
    assert page_of(refused) in paula.get(answer.headers["location"]).text
    page = paula.post(LIST, {"q": "131026"}, follow=True).text
    assert f'href="{LIST}?code=131026"' in page
    assert "No order and no phone number has these digits." in page


def test_a_code_of_metas_leads_to_what_it_stopped(paula):
    refused = message_in(MessageStatus.FAILED, error_code=131026, failed_at=timezone.now())
    message_in(MessageStatus.READ, reference="PO-131026")
    page = paula.post(FIND, {"term": "131026"}, follow=True).text
    assert "131026 is an error code of Meta" in page
    assert f'href="{LIST}?code=131026"' in page
    assert page_of(refused) in paula.get(LIST, {"code": "131026"}).text
    assert "is an error code" not in paula.post(FIND, {"term": "139999"}, follow=True).text


@pytest.mark.parametrize("term", ["", "  ", "\x00"])
def test_an_empty_search_explains_the_box(paula, term):
    assert "or its last digits" in paula.post(FIND, {"term": term}).text
    assert "or its last digits" in paula.get(FIND).text


def test_what_takes_long_is_left_to_the_list(paula, message, monkeypatch):
    monkeypatch.setattr(ways, "SAMPLED", 1)
    monkeypatch.setattr(ways, "INDEXES_TIMEOUT_MS", 15)
    message_in(MessageStatus.READ, reference="XX-1")
    message_in(MessageStatus.READ, reference="XX-2")
    slow = Message.objects.newest_first().extra(
        where=["CASE WHEN pg_sleep(0.02) IS NULL THEN false ELSE reference = 'PO-12345' END"]
    )
    monkeypatch.setattr(searching, "find", lambda messages, term: slow)
    assert paula.post(FIND, {"term": "harinas"}).headers["location"] == f"{LIST}?q=harinas"


def test_it_takes_few_queries(paula, message, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        paula.post(FIND, {"term": "PO-12345"})


def test_only_who_may_see_messages_searches(message):
    trainee, owner = Client(), Client()
    trainee.force_login(User.objects.create(username="trainee", is_staff=True))
    owner.force_login(MembershipFactory.create().user)
    assert trainee.post(FIND, {"term": "PO-12345"}).status_code == 403
    assert FIND not in trainee.get("/admin/").text
    for client in (owner, Client()):
        assert (
            client.post(FIND, {"term": "PO-12345"})
            .headers["location"]
            .startswith(("/admin/login/", "/login"))
        )
