"""Who changed what is written down with the old and the new value, secrets are not, and sending pays nothing for it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine
from auditlog.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import Message, PriceRate, SetupCheck, SetupKey, SetupState, Suppression
from messaging.services import (
    accounts,
    bakery_settings,
    callback_delivery,
    callbacks,
    first_week,
    numbers,
    sending,
    suppressions,
    switching,
    template_pausing,
    weekly_summary,
)
from messaging.services.setup import checking
from tenants.audit import record_change
from tenants.models import PhoneNumber, SettingChange, StopReason, Tenant, User
from tenants.services.api_keys import create_api_key, revoke_api_key
from tenants.services.provisioning import put_tenant
from tests.factories import (
    AccountFactory,
    CallbackFactory,
    DefaultNumberFactory,
    MembershipFactory,
    MessageFactory,
    PhoneNumberFactory,
    PriceRateFactory,
    TemplateFactory,
    TenantFactory,
    UserFactory,
)

LIST = "/admin/auditlog/logentry/"
Action = LogEntry.Action


def entries(row: Any, action: int = Action.UPDATE) -> list[LogEntry]:
    return list(LogEntry.objects.get_for_object(row).filter(action=action).order_by("id"))


def change_of(row: Any) -> dict[str, list[str]]:
    (entry,) = entries(row)
    changes: dict[str, list[str]] = entry.changes
    return changes


def rename(client: Client, tenant: Tenant, name: str, **extra: Any) -> None:
    form = {
        "name": name, "slug": tenant.slug, "whatsapp_enabled": "on", "language": "es",
        "time_zone": "Europe/Madrid", "tier": "standard", "guaranteed_recipients": "0",
        "daily_cap": "", "monthly_cap": "",
        "assignments-TOTAL_FORMS": "0", "assignments-INITIAL_FORMS": "0",
        "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0",
    }  # fmt: skip
    url = reverse("admin:tenants_tenant_change", args=(tenant.pk,))
    assert client.post(url, form, **extra).status_code == 302


def test_a_change_in_the_admin_says_who_from_where_and_what(paula):
    tenant = TenantFactory.create(name="Panadería Goiko")
    rename(paula, tenant, "Goiko e hijos", REMOTE_ADDR="198.51.100.7")
    (entry,) = entries(tenant)
    assert entry.changes == {"name": ["Panadería Goiko", "Goiko e hijos"]}
    assert entry.actor == User.objects.get(username="paula")
    assert entry.additional_data == {"by": "paula"}
    assert entry.remote_addr == "198.51.100.0"  # the network


def test_a_change_by_the_api_names_the_key(db, client):
    fresh = create_api_key(label="platform", scopes=["admin:write", "admin:read"])
    tenant = TenantFactory.create(name="Before")
    answer = client.put(
        f"/api/v1/admin/whatsapp/tenants/{tenant.pk}",
        json.dumps({"name": "After"}),
        content_type="application/json",
        headers={"authorization": f"Bearer {fresh.secret}"},
    )
    assert answer.status_code == 200
    (entry,) = entries(tenant)
    assert entry.changes == {"name": ["Before", "After"]}
    assert entry.actor is None
    assert entry.additional_data == {"by": f"platform ({fresh.api_key.prefix}…)"}


def test_what_a_command_does_is_nobodys(db):
    tenant = TenantFactory.create()
    tenant.name = "New"
    tenant.save()
    (entry,) = entries(tenant)
    assert (entry.actor, entry.remote_addr, entry.additional_data) == (None, None, None)


def test_the_request_of_one_person_does_not_sign_the_next_change(paula):
    tenant = TenantFactory.create()
    rename(paula, tenant, "One")
    tenant.refresh_from_db()
    tenant.name = "Two"
    tenant.save()
    assert [entry.additional_data for entry in entries(tenant)] == [{"by": "paula"}, None]


# --- Secrets and people ----------------------------------------------------------------------------


def test_no_secret_of_the_account_stands_in_the_log(db):
    account = AccountFactory.create(access_token="EAAoldInvented", app_secrets="oldappsecret")
    account.access_token, account.webhook_verify_token = "EAAnewInvented", "newword"
    account.save()
    assert change_of(account)["access_token"] == ["•••", "•••"]
    assert_nowhere("EAAoldInvented", "EAAnewInvented", "oldappsecret", "newword")


def test_no_key_password_or_callback_secret_stands_in_the_log(db):
    fresh = create_api_key(label="order service")
    callback = CallbackFactory.create()
    rotated = callbacks.rotate_secret(callback)
    user = UserFactory.create()
    before = user.password
    user.set_password("another-invented-word")
    user.save()
    assert_nowhere(
        fresh.secret, fresh.api_key.secret_digest, CallbackFactory.secret, rotated.secret, before,
        user.password,
    )  # fmt: skip
    assert change_of(user) == {"password": ["•••", "•••"]}


def test_a_persons_number_is_masked_and_a_bakerys_own_is_not(db):
    opted_out = Suppression.objects.create(phone="+34600000101", source="staff")
    number = PhoneNumberFactory.create(display_phone_number="+34612345679")
    (made,) = entries(opted_out, Action.CREATE)
    assert made.changes["phone"] == ["", "+34…01"]
    (of_ours,) = entries(number, Action.CREATE)
    assert of_ours.changes["display_phone_number"][1] == "+34612345679"


def assert_nowhere(*secrets: str) -> None:
    text = json.dumps(list(LogEntry.objects.values("changes", "object_repr", "additional_data")))
    assert [secret for secret in secrets if secret in text] == []


# --- Changes without save() ------------------------------------------------------------------------


def test_what_an_owner_decides_is_kept_once_whoever_changes_it(paula):
    tenant = TenantFactory.create()
    owner = MembershipFactory.create(tenant=tenant, user__username="ana").user
    switching.switch_off(tenant, by=owner)
    rename(paula, tenant, tenant.name)  # the form switches it on
    put_tenant(tenant_id=tenant.pk, name=tenant.name, whatsapp_enabled=False, by="erp (bw_…)")
    bakery_settings.set_monthly_limit(tenant, 5, by=owner)
    assert entries(tenant) == []
    kept = SettingChange.objects.of(tenant).order_by("id")
    assert list(kept.values_list("what", "after", "changed_by_name")) == [
        ("switch", "off", "ana"),
        ("switch", "on", "paula"),
        ("switch", "off", "erp (bw_…)"),
        ("monthly_limit", "5", "ana"),
    ]
    page = paula.get("/admin/tenants/settingchange/").text
    assert all(who in page for who in ("ana", "paula", "erp (bw_…)"))


def test_pausing_and_resuming_are_logged_once_each(db, broker):
    account = AccountFactory.create()
    accounts.pause_sending(account)
    accounts.pause_sending(account)
    account.refresh_from_db()
    accounts.resume_sending(account)
    assert [list(entry.changes) for entry in entries(account)] == [["sending_paused_at"]] * 2


def test_the_end_of_each_stop_is_logged_with_its_code(db, broker):
    account = AccountFactory.create()
    for lift in (accounts.lift_credential_stop, accounts.resume_sending):
        accounts.stop_sending(account, code=190)
        account.refresh_from_db()
        lift(account)
    stops, lifts = entries(account)[::2], entries(account)[1::2]
    assert [entry.changes["sending_stopped_code"] for entry in stops] == [["None", "190"]] * 2
    for entry in lifts:
        assert entry.changes["sending_stopped_code"] == ["190", "None"]
        assert entry.changes["sending_stopped_at"][1] == "None"


def test_the_end_of_a_stop_by_meta_is_logged(db, broker):
    account = AccountFactory.create()
    accounts.stop_by_meta(account, reason=StopReason.RESTRICTED)
    accounts.lift_stop_by_meta(account, reasons=[StopReason.RESTRICTED])
    stop, lift = entries(account)
    assert stop.changes["sending_stopped_reason"] == ["", "restricted"]
    assert lift.changes["sending_stopped_reason"] == ["restricted", ""]


def test_a_word_of_somebody_about_the_set_up_is_logged_and_so_is_taking_it_back(paula):
    row = SetupCheck.objects.create(
        key=SetupKey.BUSINESS, state=SetupState.BY_HAND, found=SetupState.BY_HAND
    )
    person = User.objects.get(username="paula")
    checking.confirm(SetupKey.BUSINESS, by=person)
    checking.take_back(SetupKey.BUSINESS, by=person)
    given, taken = entries(row)
    assert given.changes["confirmed_by"] == ["None", "paula"]
    assert taken.changes["confirmed_by"] == ["paula", "None"]
    assert taken.changes["confirmed_at"][1] == "None"


def test_what_a_check_of_the_set_up_finds_leaves_no_line(db):
    checking.run_checks([SetupKey.VERSION])
    assert not LogEntry.objects.filter(content_type__model="setupcheck").exists()


def test_the_end_of_a_first_week_says_who_ended_it(paula):
    person = User.objects.get(username="paula")
    week = first_week.begin(by=person.pk)
    paula.post(reverse("admin:messaging_firstweek_end", args=(week.pk,)))
    (entry,) = entries(week)
    assert list(entry.changes) == ["ended_at"]
    assert entry.actor == person


def test_the_end_of_an_opt_out_is_logged(db):
    opted_out = Suppression.objects.create(phone="+34600000101", source="staff")
    suppressions.lift([opted_out], by="ana", reason="asked for it")
    (entry,) = entries(opted_out)
    assert entry.changes["lift_reason"] == ["", "asked for it"]
    assert entry.changes["lifted_by"] == ["", "ana"]


def test_pausing_a_template_and_its_end_are_logged(db, broker):
    template = TemplateFactory.create()
    template_pausing.pause_template(template, by="ana")
    template_pausing.resume_template(template, by="ana")
    paused, resumed = entries(template)
    assert paused.changes["paused_at"][0] == resumed.changes["paused_at"][1] == "None"


def test_choosing_the_weekly_summary_is_logged(db):
    membership = MembershipFactory.create(role="owner")
    before = membership.gets_weekly_summary
    weekly_summary.choose(membership.user, membership.tenant, is_on=not before)
    assert change_of(membership) == {"gets_weekly_summary": [str(before), str(not before)]}


def test_secrets_that_are_forgotten_stay_hidden(db):
    callback = CallbackFactory.create(
        previous_secret="whsec_inventedbefore", previous_secret_until=timezone.now()
    )
    callback_delivery.forget_previous_secrets()
    assert change_of(callback) == {"previous_secret": ["•••", ""]}


def test_importing_a_rate_card_says_who_and_each_price(paula):
    earlier = PriceRateFactory.create(market="Chile", valid_from=date(2025, 6, 1))
    card = SimpleUploadedFile("c.csv", b"Market,Currency,Utility\nChile,EUR,0.02\n")
    form = {"file": card, "valid_from": "2026-10-01", "is_confirmed": "on"}
    preview = paula.post("/admin/messaging/pricerate/import/", form)
    paula.post("/admin/messaging/pricerate/import/", {"plan": preview.context["packed"]})
    (entered,) = entries(PriceRate.objects.get(market="Chile", amount="0.02"), Action.CREATE)
    assert entered.additional_data == {"by": "paula"}
    assert change_of(earlier)["valid_to"] == ["None", "2026-10-01"]


def test_revoking_a_key_is_logged(db):
    key = create_api_key(label="old").api_key
    revoke_api_key(key)
    assert change_of(key)["revoked_at"][0] == "None"


def test_another_default_number_is_logged_with_the_former_one(db):
    former, number = DefaultNumberFactory.create(), PhoneNumberFactory.create()
    numbers.make_default(number)
    assert change_of(former) == {"is_default": ["True", "False"]}
    assert change_of(number) == {"is_default": ["False", "True"]}


def test_a_role_is_logged(paula):
    user = UserFactory.create()
    form = {
        "username": user.username, "email": user.email, "is_active": "on", "role": "support",
        "first_name": "", "last_name": "",
        "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0",
    }  # fmt: skip
    paula.post(reverse("admin:tenants_user_change", args=(user.pk,)), form)
    page = paula.get(LIST, {"row": f"tenants.user:{user.pk}"}).text
    assert "role: – → Support" in page


# --- What is not logged ----------------------------------------------------------------------------


def test_messages_statuses_and_synced_facts_leave_no_line(db, broker):
    message: Message = MessageFactory.create()
    before = LogEntry.objects.count()
    sending.cancel(Message.objects.filter(pk=message.pk))
    number: PhoneNumber = message.phone_number
    number.quality_rating = "GREEN"
    number.save()
    User.objects.create(username="x").save(update_fields=["last_login"])
    assert set(
        LogEntry.objects.filter(id__gt=before).values_list("content_type__model", flat=True)
    ) <= {"user", "tenant", "phonenumber", "messagetemplate", "whatsappbusinessaccount"}
    assert entries(number) == []
    assert not LogEntry.objects.filter(content_type__model="message").exists()


@pytest.mark.parametrize("model", ["message", "messageevent", "sendattempt", "webhookdelivery"])
def test_the_hot_tables_have_no_listener(model):
    from auditlog.registry import auditlog

    assert model not in {found._meta.model_name for found in auditlog.get_models()}


# --- The page --------------------------------------------------------------------------------------


@pytest.fixture
def renamed(paula):
    tenant = TenantFactory.create(name="Panadería Goiko")
    rename(paula, tenant, "Goiko e hijos")
    return tenant


def test_the_list_shows_old_and_new_and_filters_by_who_what_and_when(paula, renamed):
    page = paula.get(LIST).text
    assert "Panadería Goiko → Goiko e hijos" in page
    user = User.objects.get(username="paula")
    for filters in (
        {"action": "1"},
        {"kind": "tenants.tenant"},
        {"who": str(user.pk)},
        {"row": f"tenants.tenant:{renamed.pk}"},
        {"q": str(renamed.pk)},
        {"q": "paula"},
    ):
        assert "Goiko e hijos" in paula.get(LIST, filters, follow=True).text, filters
    for filters in ({"action": "2"}, {"kind": "tenants.user"}, {"row": "tenants.tenant:x"}):
        assert "Panadería Goiko →" not in paula.get(LIST, filters).text, filters


@time_machine.travel(datetime(2026, 11, 26, 10, 53, 7, 123456, tzinfo=UTC), tick=False)
def test_times_in_a_change_are_local_and_say_their_zone(paula, broker):
    account = AccountFactory.create()
    accounts.stop_sending(account, code=190)
    accounts.resume_sending(account)
    page = paula.get(LIST, {"kind": "tenants.whatsappbusinessaccount", "action": "1"}).text
    assert page.count(">26 Nov, 11:53:07</time> CET") == 2
    assert "10:53:07.1" not in page


def test_a_new_row_lists_its_columns_only(paula):
    tenant = TenantFactory.create(name="Panadería Nueva")
    (made,) = entries(tenant, Action.CREATE)
    page = paula.get(f"{LIST}{made.pk}/change/").text
    assert "Panadería Nueva" in page
    assert ".None" not in page


def test_codes_are_told_in_words_and_no_line_is_empty(paula):
    user = MembershipFactory.create(gets_weekly_summary=True).user
    record_change(user, second_factor=("off", "on"))
    page = paula.get(LIST, {"row": f"tenants.user:{user.pk}", "action": "1"}).text
    assert "<div>second factor: switched off → switched on</div>" in page
    (membership,) = user.memberships.all()
    membership.role, membership.gets_weekly_summary = "staff", False
    membership.save()
    row = {"row": f"tenants.membership:{membership.pk}", "action": "1"}
    page = paula.get(LIST, row, headers={"accept-language": "es"}).text
    assert "sí → no</div>" in page
    assert "owner" not in page.partition("result_list")[2].partition("bw-lines")[2]
    assert "True" not in page.partition("result_list")[2]


def test_the_changes_of_a_row_are_one_thing_on_a_phone(paula, renamed):
    page = paula.get(LIST).text
    assert page.count('<div class="bw-lines">') == LogEntry.objects.count()


def test_the_pages_are_called_as_in_the_menu(paula, renamed):
    for language, word in (("en", "Changes"), ("es", "Cambios")):
        page = paula.get(LIST, headers={"accept-language": language}).text
        assert f"{word}</a>" in page
        assert "og entries" not in page
    assert "ccess attempts" not in paula.get("/admin/axes/accessattempt/").text


def test_the_page_of_one_change_shows_all_of_it(paula, renamed):
    (entry,) = entries(renamed)
    page = paula.get(f"{LIST}{entry.pk}/change/").text
    assert "<td>Panadería Goiko</td><td>Goiko e hijos</td>" in page
    assert "127.0.0.0/24" in page


def test_each_rows_history_leads_to_its_changes(paula, renamed):
    page = paula.get(reverse("admin:tenants_tenant_history", args=(renamed.pk,))).text
    assert f'href="{LIST}?row=tenants.tenant:{renamed.pk}"' in page


def test_the_list_takes_few_queries(paula, django_assert_max_num_queries):
    for tenant in TenantFactory.create_batch(20):
        rename(paula, tenant, f"New {tenant.slug}")
    paula.get(LIST)
    with django_assert_max_num_queries(14):
        paula.get(LIST)


def test_nobody_changes_the_log_and_support_does_not_read_it(paula, sonia, renamed, client):
    (entry,) = entries(renamed)
    page = f"{LIST}{entry.pk}"
    for address in (f"{LIST}add/", f"{page}/delete/"):
        assert paula.get(address).status_code == 403
    assert paula.post(f"{page}/change/", {"object_repr": "x"}).status_code == 403
    for address in (LIST, f"{page}/change/"):
        assert sonia.get(address).status_code == 403
        assert client.get(address).status_code == 302
    owner = Client()
    owner.force_login(MembershipFactory.create().user)
    assert owner.get(LIST).status_code == 302
