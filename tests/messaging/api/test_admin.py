from __future__ import annotations

import uuid
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.utils import timezone
from time_machine import travel

from messaging.services.accounts import current_account
from tenants.models import PhoneNumber, PhoneNumberAssignment, Tenant
from tests.factories import AssignmentFactory, MessageFactory, PhoneNumberFactory, TenantFactory
from tests.messaging.api.conftest import DATES, NUMBERS, TENANTS, Api, refusal


def assign(api, tenant, number):
    return api.post(
        f"{TENANTS}/{tenant.pk}/assign-phone", {"phone_number_id": number.phone_number_id}
    )


@pytest.fixture
def goiko(sendable):
    return TenantFactory(name="Panadería Goiko", whatsapp_enabled=True)


@pytest.fixture
def number(sendable):
    return PhoneNumberFactory(display_phone_number="+34612345679", quality_rating="GREEN")


# --- Bakeries ------------------------------------------------------------------------------------


def test_each_bakery_is_listed_with_its_number_and_last_message(platform, goiko, number):
    AssignmentFactory(tenant=goiko, phone_number=number)
    MessageFactory(tenant=goiko)
    last = MessageFactory(tenant=goiko)
    row = {
        "id": str(goiko.pk),
        "name": "Panadería Goiko",
        "whatsapp_enabled": True,
        "phone_number": {
            "phone_number_id": number.phone_number_id,
            "display_phone_number": "+34612345679",
            "quality_rating": "GREEN",
        },
        "uses_default_number": False,
        "last_message_at": last.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert platform.get(TENANTS).json() == {"results": [row], "next": None, "previous": None}


def test_a_bakery_without_a_number_uses_the_default_one(platform, goiko, sendable):
    (row,) = platform.get(TENANTS).json()["results"]
    assert (row["phone_number"], row["uses_default_number"]) == (None, True)
    sendable.account.phone_numbers.update(is_default=False)
    (row,) = platform.get(TENANTS).json()["results"]
    assert row["uses_default_number"] is False


def test_a_former_number_is_not_listed(platform, goiko, number):
    now = timezone.now()
    AssignmentFactory(tenant=goiko, phone_number=number, assigned_at=now, ended_at=now)
    (row,) = platform.get(TENANTS).json()["results"]
    assert row["phone_number"] is None


def test_bakeries_are_paged_by_name(platform):
    names = ["Álamo", "Horno", "Horno", "Horno", "Trigal"]
    for name in names:
        TenantFactory(name=name)
    answer = platform.get(TENANTS, {"page_size": 2})
    found = [row["id"] for row in answer.json()["results"]]
    while address := answer.json()["next"]:
        answer = platform.get(address)
        found += [row["id"] for row in answer.json()["results"]]
    assert found == [str(tenant.pk) for tenant in Tenant.objects.by_name()]


def test_the_list_takes_the_same_few_queries_however_long_it_is(
    platform, django_assert_num_queries
):
    type(platform.api_key).objects.update(last_used_at=timezone.now())
    for count in (1, 49):
        for _ in range(count):
            MessageFactory(tenant=AssignmentFactory().tenant)
        with django_assert_num_queries(4):  # key, default number, bakeries, their numbers
            assert len(platform.get(TENANTS).json()["results"]) in {1, 50}


def test_a_bakery_is_made_under_the_platforms_own_id(platform):
    key = uuid.uuid4()
    answer = platform.put(f"{TENANTS}/{key}", {"name": "Panadería Goiko"})
    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(key),
        "name": "Panadería Goiko",
        "whatsapp_enabled": False,
        "phone_number": None,
        "uses_default_number": True,
        "last_message_at": None,
    }
    assert Tenant.objects.get().slug == "panaderia-goiko"


def test_putting_a_bakery_again_changes_nothing_but_its_name(platform):
    address = f"{TENANTS}/{uuid.uuid4()}"
    platform.put(address, {"name": "Panadería Goiko", "whatsapp_enabled": True})
    again = platform.put(address, {"name": "Panadería Goiko"})
    renamed = platform.put(address, {"name": "Goiko e hijos"})
    assert (again.status_code, renamed.status_code) == (200, 200)
    assert (renamed.json()["name"], renamed.json()["whatsapp_enabled"]) == ("Goiko e hijos", True)
    assert Tenant.objects.get().slug == "panaderia-goiko"


def test_two_bakeries_of_one_name_have_their_own_short_names(platform):
    for _ in range(2):
        assert platform.put(f"{TENANTS}/{uuid.uuid4()}", {"name": "Horno"}).status_code == 201
    assert Tenant.objects.values("slug").distinct().count() == 2


def test_a_name_without_letters_of_ours_gets_a_short_name_all_the_same(platform):
    assert platform.put(f"{TENANTS}/{uuid.uuid4()}", {"name": "面包"}).status_code == 201
    assert Tenant.objects.get().slug == "bakery"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": 7}, "name"),
        ({"name": "\x07"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "Horno", "whatsapp_enabled": "yes"}, "whatsapp_enabled"),
        ({"name": "Horno", "whatsapp_enabled": None}, "whatsapp_enabled"),
    ],
)
def test_a_bakery_that_cannot_be_saved_so_is_refused(platform, body, field):
    answer = platform.put(f"{TENANTS}/{uuid.uuid4()}", body)
    assert refusal(answer) == (422, "validation_error")
    assert answer.json()["error"]["fields"].keys() == {field}
    assert not Tenant.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_bakery_put_by_many_at_once_is_made_once(platform):
    address, callers = f"{TENANTS}/{uuid.uuid4()}", 6
    barrier = Barrier(callers)

    def put(_number):
        try:
            barrier.wait()
            return Api("bw_platform").put(address, {"name": "Horno"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(callers) as pool:
        assert sorted(pool.map(put, range(callers))) == [200] * (callers - 1) + [201]


# --- Numbers -------------------------------------------------------------------------------------


def test_numbers_are_listed_with_their_bakery(platform, goiko, number):
    AssignmentFactory(tenant=goiko, phone_number=number)
    rows = platform.get(NUMBERS).json()["results"]
    assert [
        (row["display_phone_number"], row["is_default"], row["tenant_name"]) for row in rows
    ] == [
        ("+34612345678", True, None),
        ("+34612345679", False, "Panadería Goiko"),
    ]
    assert rows[1]["tenant_id"] == str(goiko.pk)


def test_no_number_stands_in_the_address_of_the_next_page(platform):
    PhoneNumberFactory.create_batch(3)
    address = platform.get(NUMBERS, {"page_size": 1}).json()["next"]
    assert "612" not in b64decode(parse_qs(address.partition("?")[2])["cursor"][0]).decode()
    assert len(platform.get(address).json()["results"]) == 1


def test_the_number_list_takes_the_same_few_queries_however_long_it_is(
    platform, django_assert_num_queries
):
    type(platform.api_key).objects.update(last_used_at=timezone.now())
    for count in (1, 20):
        for _ in range(count):
            AssignmentFactory()
        with django_assert_num_queries(3):  # key, numbers, their bakeries
            platform.get(NUMBERS)


def test_a_number_is_assigned_and_the_history_says_by_whom(platform, goiko, number):
    answer = assign(platform, goiko, number)
    assert answer.status_code == 200
    assert answer.json()["phone_number"]["phone_number_id"] == number.phone_number_id
    assert PhoneNumberAssignment.objects.get().assigned_by == "test (bw_platfor…)"


def test_assigning_again_changes_nothing(platform, goiko, number):
    first = assign(platform, goiko, number)
    assert assign(platform, goiko, number).json() == first.json()
    assert PhoneNumberAssignment.objects.count() == 1


def test_another_number_takes_the_place_of_the_first(platform, goiko, number):
    other = PhoneNumberFactory()
    assign(platform, goiko, number)
    answer = assign(platform, goiko, other)
    assert answer.json()["phone_number"]["phone_number_id"] == other.phone_number_id
    assert PhoneNumberAssignment.objects.open().count() == 1


def test_another_bakerys_number_is_refused(platform, goiko, number):
    AssignmentFactory(phone_number=number, tenant__name="Horno San Blas")
    answer = assign(platform, goiko, number)
    assert refusal(answer) == (409, "number_taken")
    assert "Horno San Blas" in answer.json()["error"]["fields"]["phone_number_id"]


def test_the_default_number_is_given_to_nobody(platform, goiko, sendable):
    default = sendable.account.phone_numbers.get(is_default=True)
    assert refusal(assign(platform, goiko, default)) == (409, "number_reserved")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"code_verification_status": "NOT_VERIFIED"}, "not verified"),
        ({"status": "PENDING"}, "not connected"),
        ({"name_status": "DECLINED"}, "name declined"),
        ({"gone_at": "2026-11-25T10:00Z"}, "gone"),
    ],
)
def test_a_number_that_the_board_shows_in_grey_is_refused_with_the_reason(
    platform, goiko, facts, said
):
    answer = assign(platform, goiko, PhoneNumberFactory(**facts))
    assert refusal(answer) == (409, "number_unusable")
    assert said in answer.json()["error"]["fields"]["phone_number_id"]
    assert not PhoneNumberAssignment.objects.exists()


def test_a_number_that_a_bakery_has_stays_its_own_when_meta_stops_it(platform, goiko, number):
    first = assign(platform, goiko, number).json()
    PhoneNumber.objects.filter(pk=number.pk).update(status="BANNED")
    assert assign(platform, goiko, number).json() == first


def test_an_unknown_number_is_refused(platform, goiko):
    address = f"{TENANTS}/{goiko.pk}/assign-phone"
    answer = platform.post(address, {"phone_number_id": "1"})
    assert refusal(answer) == (422, "unknown_phone_number")


@pytest.mark.parametrize("body", [{}, {"phone_number_id": 123}, {"phone_number_id": None}])
def test_a_number_that_is_no_text_is_refused(platform, goiko, body):
    answer = platform.post(f"{TENANTS}/{goiko.pk}/assign-phone", body)
    assert refusal(answer) == (422, "validation_error")


def test_a_number_is_released_and_releasing_again_is_harmless(platform, goiko, number):
    assign(platform, goiko, number)
    for _ in range(2):
        answer = platform.delete(f"{TENANTS}/{goiko.pk}/assign-phone")
        assert (answer.status_code, answer.content) == (204, b"")
    assert not PhoneNumberAssignment.objects.open().exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_bakeries_that_want_one_number_at_once_one_gets_it(platform, number):
    bakeries = [TenantFactory() for _ in range(4)]
    barrier = Barrier(len(bakeries))

    def take(bakery):
        try:
            barrier.wait()
            return assign(Api("bw_platform"), bakery, number).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(bakeries)) as pool:
        assert sorted(pool.map(take, bakeries)) == [200, 409, 409, 409]


@pytest.mark.parametrize("method", ["post", "delete"])
def test_an_unknown_bakery_has_no_number_to_change(platform, method):
    address = f"{TENANTS}/{uuid.uuid4()}/assign-phone"
    assert refusal(platform.call(method, address)) == (404, "unknown_tenant")


@pytest.mark.parametrize(
    ("method", "tail"), [("put", ""), ("post", "/assign-phone"), ("delete", "/assign-phone")]
)
def test_a_malformed_bakery_id_is_refused(platform, method, tail):
    answer = platform.call(method, f"{TENANTS}/goiko{tail}")
    assert refusal(answer) == (422, "validation_error")


# --- Dates ---------------------------------------------------------------------------------------


@travel("2026-11-26T10:00:00Z", tick=False)
def test_a_monitor_reads_when_the_token_ends(platform):
    account = current_account()
    account.token_expires_at = datetime(2026, 12, 6, 8, tzinfo=UTC)
    account.save()
    answer = platform.get(DATES).json()
    assert (answer["next"], answer["previous"]) == (None, None)
    (row,) = [row for row in answer["results"] if row["kind"] == "token_ends"]
    assert row.pop("action").startswith("Generate a new token")
    assert row == {
        "kind": "token_ends",
        "subject": "",
        "date": "2026-12-06",
        "at": "2026-12-06T08:00:00Z",
        "days_left": 10,
        "state": "soon",
        "title": "The WhatsApp access token ends",
    }


def test_dates_come_by_day_and_without_the_token(platform):
    account = current_account()
    account.access_token = "EAAinvented"
    account.save()
    answer = platform.get(DATES)
    days = [row["date"] for row in answer.json()["results"]]
    assert len(days) > 1
    assert days == sorted(days)
    assert "EAAinvented" not in answer.text
