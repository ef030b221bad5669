from __future__ import annotations

import base64
import uuid

import pytest
from django.db import connection

from messaging.models import Callback, CallbackDelivery, DeliveryStatus, DisabledReason
from messaging.services import callback_delivery, callbacks
from tenants.models import ApiKey, Scope
from tests.factories import CallbackFactory
from tests.messaging.api.conftest import CALLBACKS, Api, refusal
from tests.messaging.callback_server import callback_to, waits_for

URL = "https://hook.example/whatsapp"
SECRET = CallbackFactory.secret
UNKNOWN = uuid.UUID(int=7)


@pytest.fixture(autouse=True)
def _name(names):
    names["hook.example"] = [["93.184.215.14"]]
    names["inside.example"] = [["10.0.0.1"]]


@pytest.fixture
def ana(ana):
    return with_scope(ana)


@pytest.fixture
def carla(carla):
    return with_scope(carla)


def with_scope(bakery):
    ApiKey.objects.filter(pk=bakery.api.api_key.pk).update(scopes=[Scope.CALLBACKS_WRITE])
    return bakery


def one(callback, *more) -> str:
    return "/".join([CALLBACKS, str(callback.pk), *map(str, more)])


def test_a_bakery_registers_its_callback_and_sees_the_secret_once(ana):
    answer = ana.api.post(CALLBACKS, {"url": URL})
    assert answer.status_code == 201
    body = answer.json()
    callback = Callback.objects.get()
    secret = body.pop("secret")
    assert secret == callback.secret
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert body == {
        "callback_id": str(callback.pk),
        "tenant_id": str(ana.tenant.pk),
        "url": URL,
        "events": ["statuses", "replies"],
        "enabled": True,
        "disabled_at": None,
        "disabled_reason": None,
        "failing_since": None,
        "last_success_at": None,
        "last_failure_at": None,
        "previous_secret_until": None,
        "created_at": body["created_at"],
    }
    assert callback.created_by == "test (bw_ana…)"
    for later in (ana.api.get(CALLBACKS), ana.api.get(one(callback))):
        assert "whsec_" not in later.text


def test_the_secret_is_kept_encrypted(ana):
    ana.api.post(CALLBACKS, {"url": URL})
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM messaging_callback")
        (stored,) = cursor.fetchone()
    assert "whsec_" not in stored


def test_a_bakery_registers_for_itself_only(ana, carla):
    assert ana.api.post(CALLBACKS, {"url": URL, "tenant_id": str(ana.tenant.pk)}).status_code == 201
    for other in (str(carla.tenant.pk), str(UNKNOWN)):
        answer = ana.api.post(CALLBACKS, {"url": URL, "tenant_id": other})
        assert refusal(answer) == (404, "unknown_tenant")
    assert ana.api.post(CALLBACKS, {"url": URL, "tenant_id": None}).json()["tenant_id"] == str(
        ana.tenant.pk
    )


def test_the_platform_registers_for_one_bakery_or_for_all(platform, ana):
    own = {"url": URL, "tenant_id": str(ana.tenant.pk)}
    assert platform.post(CALLBACKS, own).json()["tenant_id"] == str(ana.tenant.pk)
    everybody = platform.post(CALLBACKS, {"url": URL, "events": ["replies"]}).json()
    assert (everybody["tenant_id"], everybody["events"]) == (None, ["replies"])


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/",
        "https://inside.example/",
        "https://nobody.example/",
        "https://127.0.0.1/",
        "https://[::ffff:169.254.169.254]/",
        "https://user:password@hook.example/",
        "https://hook.example:25/",
        "file:///etc/passwd",
        "x",
    ],
)
def test_an_address_that_no_callback_may_have_is_refused_with_the_reason(ana, url):
    callback = CallbackFactory(tenant=ana.tenant)
    for answer in (
        ana.api.post(CALLBACKS, {"url": url}),
        ana.api.patch(one(callback), {"url": url}),
    ):
        assert refusal(answer) == (422, "invalid_callback_url")
        assert answer.json()["error"]["fields"]["url"]
    callback.refresh_from_db()
    assert Callback.objects.count() == 1
    assert callback.url == CallbackFactory.url


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": ""}, "url"),
        ({"url": URL + "x" * 500}, "url"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "events": ["clicks"]}, "events"),
        ({"url": URL, "events": "statuses"}, "events"),
        ({"url": URL, "tenant_id": 7}, "tenant_id"),
        ({"url": URL, "tenant_id": "x"}, "tenant_id"),
    ],
)
def test_a_body_of_the_wrong_form_is_refused(platform, body, field):
    answer = platform.post(CALLBACKS, body)
    assert refusal(answer) == (422, "validation_error")
    assert [name for name in answer.json()["error"]["fields"] if name.startswith(field)]


def test_nobody_gets_more_than_ten(ana, carla):
    CallbackFactory.create_batch(callbacks.MOST, tenant=ana.tenant)
    assert refusal(ana.api.post(CALLBACKS, {"url": URL})) == (409, "too_many_callbacks")
    assert carla.api.post(CALLBACKS, {"url": URL}).status_code == 201


def test_each_sees_her_own_callbacks_and_the_platform_all(ana, carla, platform):
    mine, hers, everybodys = (
        CallbackFactory(tenant=tenant) for tenant in (ana.tenant, carla.tenant, None)
    )

    def listed(api):
        return [row["callback_id"] for row in api.get(CALLBACKS).json()["results"]]

    assert listed(ana.api) == [str(mine.pk)]
    assert listed(carla.api) == [str(hers.pk)]
    assert listed(platform) == [str(row.pk) for row in (everybodys, hers, mine)]


@pytest.mark.parametrize("whose", ["carla", "everybody"])
def test_anothers_callback_is_not_found(ana, carla, whose, broker):
    tenant = carla.tenant if whose == "carla" else None
    callback = CallbackFactory(tenant=tenant)
    (delivery,) = waits_for(callback)
    for answer in (
        ana.api.get(one(callback)),
        ana.api.patch(one(callback), {"enabled": False}),
        ana.api.delete(one(callback)),
        ana.api.post(one(callback, "rotate-secret")),
        ana.api.post(one(callback, "test")),
        ana.api.get(one(callback, "deliveries")),
        ana.api.post(one(callback, "deliveries", delivery.pk, "redeliver")),
    ):
        assert refusal(answer) == (404, "not_found")
    callback.refresh_from_db()
    assert callback.is_enabled
    assert callback.secret == SECRET
    assert CallbackDelivery.objects.count() == 1


def test_a_delivery_is_found_under_its_own_callback_only(ana, carla):
    mine, hers = CallbackFactory(tenant=ana.tenant), CallbackFactory(tenant=carla.tenant)
    (delivery,) = waits_for(hers)
    for wanted in (delivery.pk, UNKNOWN):
        answer = ana.api.post(one(mine, "deliveries", wanted, "redeliver"))
        assert refusal(answer) == (404, "not_found")


@pytest.mark.parametrize("path", ["x", "x/deliveries"])
def test_an_id_that_is_none_is_said_so(ana, path):
    assert refusal(ana.api.get(f"{CALLBACKS}/{path}")) == (422, "validation_error")


def test_a_callback_is_changed_in_part(ana):
    callback = CallbackFactory(tenant=ana.tenant)
    shown = ana.api.patch(one(callback), {"events": ["replies"]}).json()
    assert (shown["events"], shown["url"]) == (["replies"], CallbackFactory.url)
    shown = ana.api.patch(one(callback), {"url": URL, "enabled": False}).json()
    assert (shown["url"], shown["enabled"], shown["disabled_reason"]) == (URL, False, "by_hand")
    shown = ana.api.patch(one(callback), {"enabled": True}).json()
    assert (shown["enabled"], shown["disabled_at"], shown["disabled_reason"]) == (True, None, None)


@pytest.mark.parametrize(
    "body", [{"tenant_id": None}, {"secret": "whsec_x"}, {"enabled": "yes"}, {"events": []}]
)
def test_what_cannot_be_changed_is_said_so(ana, body):
    callback = CallbackFactory(tenant=ana.tenant)
    answer = ana.api.patch(one(callback), body)
    assert refusal(answer) == (422, "validation_error")
    assert answer.json()["error"]["fields"].keys() == body.keys()


def test_a_callback_is_deleted_with_its_log(ana):
    callback = CallbackFactory(tenant=ana.tenant)
    waits_for(callback)
    assert ana.api.delete(one(callback)).status_code == 204
    assert not Callback.objects.exists()
    assert not CallbackDelivery.objects.exists()
    assert refusal(ana.api.delete(one(callback))) == (404, "not_found")


def test_a_new_secret_is_shown_once_and_the_old_one_kept_for_a_day(ana):
    callback = CallbackFactory(tenant=ana.tenant)
    shown = ana.api.post(one(callback, "rotate-secret")).json()
    callback.refresh_from_db()
    assert shown["secret"] == callback.secret != SECRET
    assert callback.previous_secret == SECRET
    assert shown["previous_secret_until"]
    assert "whsec_" not in ana.api.get(one(callback)).text


def test_a_test_is_posted_and_stands_in_the_log(ana, receiver, broker):
    callback = callback_to(receiver, tenant=ana.tenant)
    answer = ana.api.post(one(callback, "test"))
    assert answer.status_code == 202
    assert (answer.json()["type"], answer.json()["status"]) == ("ping", "waiting")
    receiver.answers = [(200, {}, b"thanks")]
    callback_delivery.deliver_waiting()
    (row,) = ana.api.get(one(callback, "deliveries")).json()["results"]
    assert row["delivery_id"] == answer.json()["delivery_id"]
    assert row["payload"] == receiver.posts[0].body
    assert (row["status"], row["attempts"], row["response_status"], row["response_text"]) == (
        "delivered",
        1,
        200,
        "thanks",
    )


def test_the_log_is_paged_and_filtered(ana):
    callback = CallbackFactory(tenant=ana.tenant)
    rows = waits_for(callback, 5)
    CallbackDelivery.objects.filter(pk=rows[0].pk).update(
        status=DeliveryStatus.FAILED, next_attempt_at=None
    )
    address = one(callback, "deliveries")
    first = ana.api.get(address, {"page_size": "2"}).json()
    assert [row["delivery_id"] for row in first["results"]] == [str(rows[4].pk), str(rows[3].pk)]
    second = ana.api.client.get(first["next"], headers={"Authorization": "Bearer bw_ana"}).json()
    assert [row["delivery_id"] for row in second["results"]] == [str(rows[2].pk), str(rows[1].pk)]
    failed = ana.api.get(address, {"status": "failed"}).json()["results"]
    assert [row["delivery_id"] for row in failed] == [str(rows[0].pk)]
    for wrong in ({"status": "lost"}, {"state": "failed"}):
        assert refusal(ana.api.get(address, wrong)) == (422, "validation_error")


def test_a_delivery_is_told_again(ana, receiver, broker):
    callback = callback_to(receiver, tenant=ana.tenant)
    (delivery,) = waits_for(callback)
    receiver.answers = [404]
    callback_delivery.deliver_waiting()
    answer = ana.api.post(one(callback, "deliveries", delivery.pk, "redeliver"))
    assert (answer.status_code, answer.json()["status"]) == (202, "waiting")
    callback_delivery.deliver_waiting()
    delivery.refresh_from_db()
    assert delivery.status == DeliveryStatus.DELIVERED


def test_a_callback_that_is_off_is_tested_and_told_nothing(ana):
    callback = CallbackFactory(tenant=ana.tenant)
    (delivery,) = waits_for(callback)
    callbacks.disable(callback)
    for answer in (
        ana.api.post(one(callback, "test")),
        ana.api.post(one(callback, "deliveries", delivery.pk, "redeliver")),
    ):
        assert refusal(answer) == (409, "callback_disabled")
    callback.refresh_from_db()
    assert callback.disabled_reason == DisabledReason.BY_HAND


def test_lists_cost_the_same_few_statements_whatever_their_length(
    ana, django_assert_max_num_queries
):
    callback = CallbackFactory(tenant=ana.tenant)
    CallbackFactory.create_batch(8, tenant=ana.tenant)
    waits_for(callback, 20)
    for address in (CALLBACKS, one(callback, "deliveries")):
        with django_assert_max_num_queries(4):
            assert ana.api.get(address).status_code == 200


def test_the_default_scopes_of_a_key_do_not_open_callbacks(ana):
    ApiKey.objects.filter(pk=ana.api.api_key.pk).update(
        scopes=[Scope.MESSAGES_SEND, Scope.MESSAGES_READ]
    )
    assert refusal(Api("bw_ana").get(CALLBACKS)) == (403, "forbidden")
