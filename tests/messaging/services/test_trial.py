from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from messaging.models import Message
from messaging.services.refused import RefusedError
from messaging.services.trial import NobodySendsFromItError, send_trial
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    MessageFactory,
    PhoneNumberFactory,
    TemplateFactory,
    TenantFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]
PHONE = "+34600000101"


def sent_from(number):
    queued = send_trial(number, to=PHONE, template=TemplateFactory(), requested_by="admin:paula")
    return Message.objects.get(pk=queued.message.pk)


def test_a_test_goes_out_as_the_bakerys_with_the_templates_own_examples():
    assignment = AssignmentFactory()
    message = sent_from(assignment.phone_number)
    assert (message.tenant, message.phone_number) == (assignment.tenant, assignment.phone_number)
    assert "Juan García" in message.rendered_text
    assert (message.reference, message.requested_by) == ("TEST", "admin:paula")


def test_from_the_default_number_it_goes_in_the_name_of_a_bakery_without_its_own():
    default, without = DefaultNumberFactory(), TenantFactory(name="Zoe")
    AssignmentFactory(tenant=TenantFactory(name="Ana"))
    assert sent_from(default).tenant == without


@pytest.mark.parametrize("trouble", ["spare", "switched off", "suspended", "ended"])
def test_a_number_from_which_nobody_sends_cannot_be_tried(trouble):
    assignment = AssignmentFactory()
    number, tenant = assignment.phone_number, assignment.tenant
    match trouble:
        case "spare":
            number = PhoneNumberFactory()
        case "switched off":
            tenant.whatsapp_enabled = False
        case "suspended":
            tenant.suspended_until = timezone.now() + timedelta(days=1)
            tenant.suspension_reason = "unpaid"
        case "ended":
            assignment.ended_at = timezone.now()
            assignment.save(update_fields=["ended_at"])
    tenant.save()
    with pytest.raises(NobodySendsFromItError):
        sent_from(number)
    assert not Message.objects.exists()


def test_what_stands_in_an_orders_way_stands_in_the_tests_way():
    assignment = AssignmentFactory()
    with pytest.raises(RefusedError):
        send_trial(
            assignment.phone_number,
            to=PHONE,
            template=TemplateFactory(name="other", status="PAUSED"),
            requested_by="admin:paula",
        )


def test_named_and_missing_examples_fill_a_template_too():
    template = TemplateFactory(
        name="named",
        parameter_format="NAMED",
        components=[
            {
                "type": "BODY",
                "text": "Hola {{cliente}}, se espera a las {{hora}} en la panadería.",
                "example": {
                    "body_text_named_params": [{"param_name": "cliente", "example": "Núria"}]
                },
            }
        ],
    )
    number = AssignmentFactory().phone_number
    queued = send_trial(number, to=PHONE, template=template, requested_by="admin:paula")
    assert queued.message.rendered_text == ("Hola Núria, se espera a las Prueba en la panadería.")


def test_tests_of_before_the_column_are_marked_and_orders_called_so_are_not():
    mark = import_module("messaging.migrations.0042_mark_trials").mark_trials
    for reference, requested_by in (
        ("TEST", "bakery:ana"), ("TEST", "admin:paula"), ("TEST", "ERP of Ana"), ("PO-1", "bakery:ana"),
    ):  # fmt: skip
        MessageFactory.create(reference=reference, requested_by=requested_by)
    mark(apps, None)
    marked = Message.objects.filter(is_trial=True).values_list("reference", "requested_by")
    assert set(marked) == {("TEST", "bakery:ana"), ("TEST", "admin:paula")}
