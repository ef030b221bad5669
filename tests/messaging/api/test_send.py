from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import redis
from django.db import connection
from django.utils import timezone

from messaging import queues
from messaging.models import Message, NoticeKind
from messaging.models.message import first_id_at
from tenants.models import PhoneNumber
from tests.factories import (
    AssignmentFactory,
    NoticeKindFactory,
    PhoneNumberFactory,
    TemplateFactory,
)
from tests.messaging.api.conftest import MESSAGES, SEND, Api, refusal, template


def fields(answer):
    return answer.json()["error"]["fields"]


def warned(answer):
    return [(row["path"], row["code"]) for row in answer.json()["warnings"]]


# --- Accepted ------------------------------------------------------------------------------------


def test_the_guides_body_is_accepted_and_stored(ana):
    answer = ana.send()
    message = Message.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {
        "message_id": str(message.pk),
        "tenant_id": str(ana.tenant.pk),
        "status": "queued",
        "status_url": f"http://testserver/api/v1/whatsapp/messages/{message.pk}",
        "warnings": [],
    }
    assert (message.reference, message.recipient_phone) == ("PO-TEST-001", "+34600000101")
    assert message.requested_by == "test (bw_ana…)"
    assert "PO-TEST-001" in message.rendered_text


def test_an_order_has_the_number_that_its_text_names(ana, platform):
    ana.send()
    (found,) = platform.get(MESSAGES, {"reference": "PO-TEST-001"}).json()["results"]
    assert found["tenant_id"] == str(ana.tenant.pk)


@pytest.mark.parametrize("given", ["PO-7", "  "])
def test_a_reference_of_the_callers_own_counts_more_than_the_text(ana, given):
    ana.send(reference=given)
    assert Message.objects.get().reference == (given.strip() or "PO-TEST-001")


def test_the_place_of_the_order_number_may_have_a_name(ana):
    NoticeKindFactory.create(template_name="named_order", order_parameter="order")
    text = "Pedido {{order}} de {{name}}."
    TemplateFactory(
        name="named_order",
        account=PhoneNumber.objects.get().account,
        parameter_format="NAMED",
        components=[{"type": "BODY", "text": text}],
    )
    values = {"name": "Juan García", "order": "PO-77"}
    parameters = [
        {"type": "text", "parameter_name": name, "text": value} for name, value in values.items()
    ]
    components = [{"type": "body", "parameters": parameters}]
    ana.send(template=template(template_name="named_order", components=components))
    assert Message.objects.get().reference == "PO-77"


def test_what_is_too_long_for_an_order_number_is_none(ana):
    assert ana.send(template=template("Juan García", "x" * 101, "€1.00")).status_code == 202
    assert Message.objects.get().reference == ""


def test_where_no_kind_names_the_place_the_order_has_no_number(ana):
    NoticeKind.objects.update(order_parameter="")
    ana.send()
    assert Message.objects.get().reference == ""


def test_the_status_url_answers_with_the_message(ana):
    status_url = ana.send().json()["status_url"]
    assert ana.api.get(status_url).json()["status"] == "queued"


def test_optional_fields_may_be_null(ana):
    assert ana.send(recipient_name=None, reference=None, idempotency_key=None).status_code == 202


def test_a_key_of_the_platform_sends_for_any_bakery(ana, carla, platform):
    for bakery in (ana, carla):
        assert platform.post(SEND, bakery.order()).status_code == 202


def test_spaces_and_dashes_in_the_number_are_removed(ana):
    ana.send(recipient_phone="+34 600-000-101")
    assert Message.objects.get().recipient_phone == "+34600000101"


def test_whitespace_that_meta_refuses_is_repaired_and_reported(ana):
    answer = ana.send(template=template("Juan\nGarcía", "PO-1", "€1.00"))
    assert warned(answer) == [("template.components[0].parameters[0].text", "whitespace")]


def test_a_message_is_accepted_while_sending_is_paused(ana, sendable):
    type(sendable.account).objects.update(sending_paused_at=timezone.now())
    assert ana.send().status_code == 202


def test_a_message_is_accepted_while_redis_is_down(ana, settings, monkeypatch):
    nowhere = "redis://127.0.0.1:1/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": nowhere}}
    monkeypatch.setattr(queues, "client", lambda: redis.Redis.from_url(nowhere))
    assert ana.send().status_code == 202
    assert Message.objects.queued().count() == 1


# --- Dry run -------------------------------------------------------------------------------------


def test_a_dry_run_returns_the_text_and_stores_nothing(ana):
    answer = ana.send(dry_run=True, template=template("Juan\tGarcía", "PO-1", "€1.00"))
    assert answer.status_code == 200
    assert answer.json()["dry_run"] is True
    assert answer.json()["rendered_text"] == (
        "Hola Juan García, has recibido una nueva orden de compra PO-1 por un total de €1.00."
    )
    assert warned(answer) == [("template.components[0].parameters[0].text", "whitespace")]
    assert not Message.objects.exists()


def test_a_dry_run_is_refused_like_a_send(ana):
    assert refusal(ana.send(dry_run=True, recipient_phone="600")) == (422, "invalid_phone_number")


def test_a_dry_run_does_not_use_up_its_idempotency_key(ana):
    ana.send(dry_run=True, idempotency_key="k")
    assert ana.send(idempotency_key="k").status_code == 202


# --- Idempotency ---------------------------------------------------------------------------------


def test_the_same_key_and_body_give_the_first_answer_again(ana):
    first = ana.send(idempotency_key="k", template=template("Juan\nGarcía", "PO-1", "€1.00"))
    Message.objects.update(status="accepted", send_after=None)
    again = ana.send(idempotency_key="k", template=template("Juan\nGarcía", "PO-1", "€1.00"))
    assert (again.status_code, again.json()) == (202, first.json())
    assert Message.objects.count() == 1


def test_header_and_body_key_are_the_same_thing(ana):
    first = ana.send(headers={"Idempotency-Key": "k"})
    assert ana.send(idempotency_key="k").json() == first.json()
    assert ana.send(headers={"Idempotency-Key": "k"}, idempotency_key="k").json() == first.json()


def test_the_body_is_compared_as_parsed_json(ana):
    order = ana.order(idempotency_key="k")
    first = ana.api.post(SEND, order)
    turned = dict(reversed(order.items()))
    assert ana.api.post(SEND, {**turned, "dry_run": False}).json() == first.json()


def test_the_same_key_with_another_body_is_refused(ana):
    ana.send(idempotency_key="k")
    answer = ana.send(idempotency_key="k", reference="PO-2")
    assert refusal(answer) == (409, "idempotency_conflict")


def test_two_bakeries_may_use_the_same_key(ana, carla):
    assert (
        ana.send(idempotency_key="k").json()["message_id"]
        != carla.send(idempotency_key="k").json()["message_id"]
    )


def test_a_key_is_forgotten_after_30_days(ana):
    ana.send(idempotency_key="k")
    old = first_id_at(timezone.now() - timedelta(days=31))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM messaging_messageevent")
        cursor.execute("UPDATE messaging_message SET id = %s", [old])
    assert ana.send(idempotency_key="k", reference="PO-2").status_code == 202


def test_differing_keys_in_header_and_body_are_refused(ana):
    answer = ana.send(headers={"Idempotency-Key": "a"}, idempotency_key="b")
    assert refusal(answer) == (400, "malformed_request")


@pytest.mark.parametrize("key", ["", " ", "x" * 256])
def test_a_blank_or_endless_key_is_refused_wherever_it_stands(ana, key):
    in_header = ana.send(headers={"Idempotency-Key": key})
    in_body = ana.send(idempotency_key=key)
    assert refusal(in_header) == refusal(in_body) == (422, "validation_error")
    assert "idempotency_key" in fields(in_header)


@pytest.mark.django_db(transaction=True)
def test_parallel_requests_with_one_key_make_one_message(ana):
    callers = 8
    barrier = Barrier(callers)

    def send(_number):
        try:
            barrier.wait()
            return Api("bw_ana").post(SEND, ana.order(idempotency_key="k"))
        finally:
            connection.close()

    with ThreadPoolExecutor(callers) as pool:
        answers = list(pool.map(send, range(callers)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_parallel_requests_with_one_key_and_differing_bodies_one_is_accepted(ana):
    callers = 4
    barrier = Barrier(callers)

    def send(number):
        try:
            barrier.wait()
            order = ana.order(idempotency_key="k", reference=f"PO-{number}")
            return Api("bw_ana").post(SEND, order).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(callers) as pool:
        assert sorted(pool.map(send, range(callers))) == [202, 409, 409, 409]


# --- Refused -------------------------------------------------------------------------------------


def test_an_unknown_bakery_is_refused(ana):
    assert refusal(ana.send(tenant_id=str(uuid.uuid4()))) == (404, "unknown_tenant")


def test_another_bakery_is_unknown_to_the_key(ana, carla):
    answer = ana.api.post(SEND, carla.order())
    assert refusal(answer) == (404, "unknown_tenant")
    assert carla.tenant.name not in answer.text


def test_a_bakery_that_switched_off_gets_no_messages_sent(ana):
    type(ana.tenant).objects.update(whatsapp_enabled=False)
    assert refusal(ana.send()) == (409, "whatsapp_disabled")


def test_a_suspended_bakery_gets_no_messages_sent(ana):
    until = timezone.now() + timedelta(days=1)
    type(ana.tenant).objects.update(suspended_until=until, suspension_reason="complaints")
    assert refusal(ana.send()) == (409, "whatsapp_disabled")


def test_the_global_switch_refuses_everything(ana, settings):
    settings.ENABLE_WHATSAPP_NOTIFICATIONS = False
    assert refusal(ana.send()) == (503, "sending_disabled")


@pytest.mark.parametrize(
    "number",
    ["600000101", "34600000101", "+0600000101", "+34", "", "+34600000101x", "+34600abc101"],
)
def test_a_number_that_is_not_e164_is_refused(ana, number):
    answer = ana.send(recipient_phone=number)
    assert refusal(answer) in [(422, "invalid_phone_number"), (422, "validation_error")]
    assert "recipient_phone" in fields(answer)


def test_a_bakery_cannot_write_to_its_own_sender(ana):
    own = PhoneNumberFactory(display_phone_number="+34612345679")
    AssignmentFactory(tenant=ana.tenant, phone_number=own)
    answer = ana.send(recipient_phone="+34612345679")
    assert refusal(answer) == (422, "invalid_phone_number")


def test_an_unknown_template_names_those_that_exist(ana):
    answer = ana.send(template=template(template_name="welcome"))
    assert refusal(answer) == (422, "unknown_template")
    assert "po_notification" in fields(answer)["template.template_name"]


def test_an_unknown_language_names_those_that_exist(ana):
    answer = ana.send(template=template(language="en"))
    assert refusal(answer) == (422, "unknown_template")
    assert "es" in fields(answer)["template.language"]


@pytest.mark.parametrize("status", ["PENDING", "REJECTED", "PAUSED", "DISABLED"])
def test_a_template_that_is_not_approved_is_refused(ana, status):
    TemplateFactory(name="new", status=status)
    answer = ana.send(template=template(template_name="new"))
    assert refusal(answer) == (422, "template_not_approved")


def test_a_missing_parameter_is_named(ana):
    answer = ana.send(template=template("Juan García", "PO-1"))
    assert refusal(answer) == (422, "parameters_mismatch")
    assert "{{3}}" in fields(answer)["template.components[0].parameters[2]"]


def test_a_superfluous_parameter_is_named(ana):
    answer = ana.send(template=template("Juan García", "PO-1", "€1", "more"))
    assert refusal(answer) == (422, "parameters_mismatch")
    assert "template.components[0].parameters[3]" in fields(answer)


def test_left_out_components_are_a_mismatch(ana):
    without = {"template_name": "po_notification", "language": "es"}
    assert refusal(ana.send(template=without)) == (422, "parameters_mismatch")


@pytest.mark.parametrize("name", ["tenant_id", "recipient_phone", "message_type", "template"])
def test_each_missing_field_is_named(ana, name):
    order = ana.order()
    del order[name]
    answer = ana.api.post(SEND, order)
    assert refusal(answer) == (422, "validation_error")
    assert fields(answer) == {name: "This field is required."}


def test_missing_inner_fields_are_named_with_their_path(ana):
    answer = ana.send(template={"components": []})
    assert refusal(answer) == (422, "validation_error")
    assert fields(answer).keys() == {"template.template_name", "template.language"}


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("tenant_id", {"tenant_id": "x"}),
        ("tenant_id", {"tenant_id": 7}),
        ("tenant_id", {"tenant_id": None}),
        ("recipient_phone", {"recipient_phone": 34600000101}),
        ("recipient_phone", {"recipient_phone": ["+34600000101"]}),
        ("recipient_phone", {"recipient_phone": "+" + "1" * 100}),
        ("recipient_name", {"recipient_name": True}),
        ("recipient_name", {"recipient_name": "x" * 201}),
        ("message_type", {"message_type": "text"}),
        ("message_type", {"message_type": {}}),
        ("template", {"template": "po_notification"}),
        ("template", {"template": []}),
        ("template.template_name", {"template": template(template_name=1)}),
        ("template.language", {"template": template(language={"code": "es"})}),
        ("template.components", {"template": template(components={})}),
        ("template.components", {"template": template(components=[{}] * 21)}),
        ("template.components[0]", {"template": template(components=["body"])}),
        ("template.components[1]", {"template": template(components=[{"type": "body"}, 1])}),
        ("reference", {"reference": 12345}),
        ("reference", {"reference": "x" * 101}),
        ("idempotency_key", {"idempotency_key": 1}),
        ("dry_run", {"dry_run": "true"}),
        ("dry_run", {"dry_run": 1}),
        ("dry_run", {"dry_run": None}),
    ],
)
def test_each_wrong_type_is_named(ana, path, changes):
    answer = ana.send(**changes)
    assert refusal(answer) == (422, "validation_error")
    assert fields(answer).keys() == {path}


@pytest.mark.parametrize(
    "parameters",
    [
        None,
        1,
        "x",
        {},
        [None],
        [1],
        [[]],
        [{"type": []}],
        [{"type": "text", "text": {}}],
        [{}] * 500,
    ],
)
def test_wrong_types_inside_components_are_a_mismatch(ana, parameters):
    components = [{"type": "body", "parameters": parameters}]
    answer = ana.send(template=template(components=components))
    assert refusal(answer) == (422, "parameters_mismatch")
