"""Our way of drawing a list shows what unfold's shows."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test.html import parse_html
from django.urls import reverse
from unfold.templatetags import unfold_list

from messaging.models import Alert, AlertKind, Message, PriceRate, Suppression
from messaging.models.message import WaitsFor
from messaging.statuses import MessageStatus
from tenants.models import ApiKey, Membership, PhoneNumber, Tenant, User
from tenants.templatetags.result_list import result_list
from tests.factories import (
    AssignmentFactory,
    MembershipFactory,
    MessageFactory,
    PriceRateFactory,
    StaffFactory,
    make_api_key,
    message_in,
)

pytestmark = pytest.mark.django_db

# What ours leaves out: rows that are edited, dragged or unfolded in place, and buttons on a row.
LEFT_OUT = (
    "list_editable", "ordering_field", "list_sections", "actions_row", "raw_id_fields",
    "list_horizontal_scrollbar_top",
)  # fmt: skip


@pytest.fixture
def rows():
    MembershipFactory.create()
    AssignmentFactory.create()
    make_api_key("invented-secret-of-a-test", tenant=Tenant.objects.first())
    MessageFactory.create(reference="<b>1</b>", recipient_name="Ana & Co", waits_for=WaitsFor.RETRY)
    message_in(MessageStatus.FAILED, reference="", rendered_text="<script>" * 20)
    # A migration's are there or not, depending on which tests ran before.
    if not PriceRate.objects.exists():
        PriceRateFactory.create()
    Suppression.objects.create(phone="+34600001234")
    Alert.objects.create(kind=AlertKind.TEMPLATE_CHANGED, subject="template 1")


@pytest.mark.parametrize("query", [{}, {"q": "a"}])
@pytest.mark.parametrize(
    "model", [Alert, ApiKey, Membership, Message, PhoneNumber, PriceRate, Suppression, Tenant, User]
)
def test_a_row_has_the_cells_that_unfold_gives_it(rows, rf, model, query):
    page = admin.site.get_model_admin(model)
    opts = model._meta
    request = rf.get(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"), query)
    request.user = StaffFactory.create()
    cl = page.get_changelist_instance(request)
    cl.formset = None
    assert cl.result_list or query.get("q")
    theirs = ["".join(row) for row in unfold_list.results(cl)]
    ours = result_list(cl)["results"]
    assert [parse_html(row) for row in ours] == [parse_html(row) for row in theirs]


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_no_list_has_what_ours_leaves_out(model):
    page = admin.site.get_model_admin(model)
    assert [name for name in LEFT_OUT if getattr(page, name, None)] == []
    columns = [getattr(page, str(name), None) for name in page.list_display]
    for kind in ("label", "header", "dropdown"):
        assert not [column for column in columns if getattr(column, kind, False)], kind
