"""Every address of a bakery, walked by those who may not: another bakery's ids are found nowhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from messaging.bakery.urls import urlpatterns
from messaging.models import Erasure, Message, MessageMail, NoticeChoice, ProofLink, Recipient
from messaging.statuses import MessageStatus
from tenants.models import Invitation, Membership, OwnPhone, SettingChange, Tenant
from tests.factories import MembershipFactory, NoticeKindFactory, RecipientFactory, message_in

ORDER = "PO-12345"
OF_A_BAKERY = sorted(
    str(pattern.name) for pattern in urlpatterns if "<slug:slug>" in str(pattern.pattern)
)
# What only the owner may: it leaves the house or cannot be undone.
OWNERS_ONLY = {
    "bakery_own_phone",
    "bakery_supplier_import",
    "bakery_supplier_example",
    "bakery_supplier_json",
    "bakery_supplier_csv",
    "bakery_supplier_erase",
    "bakery_role",
    "bakery_remove",
}
# What changes something, and a form that would: what is refused must not be refused for its form alone.
POSTS: dict[str, dict[str, str]] = {
    "bakery_switch": {"enabled": "off"},
    "bakery_choose_notice": {"wanted": "off"},
    "bakery_send_test": {},
    "bakery_quiet_hours": {"start": "21:00", "until": "07:00"},
    "bakery_limit": {"limit": "5"},
    "bakery_weekly_summary": {"wanted": "off"},
    "bakery_own_phone": {"phone": "+34600000199"},
    "bakery_confirm_phone": {"code": "123456"},
    "bakery_forget_phone": {},
    "bakery_message_mail": {"to": "x@elsewhere.example", "remember": "on"},
    "bakery_leave": {},
    "bakery_resend": {},
    "bakery_cancel": {},
    "bakery_mark_done": {},
    "bakery_supplier_add": {"phone": "+34600000109", "name": "New"},
    "bakery_supplier_correct": {"phone": "+34600000109", "name": "New"},
    "bakery_supplier_erase": {},
    "bakery_supplier_import": {"text": "Phone\n+34600000109\n"},
    "bakery_proof_link": {"order": ORDER},
    "bakery_proof_revoke": {},
    "bakery_invite": {"email": "x@elsewhere.example", "role": "owner"},
    "bakery_role": {"role": "owner"},
    "bakery_remove": {},
    "bakery_invitation_again": {},
    "bakery_invitation_back": {},
}
# What of these is nobody else's than the owner's.
OWNERS_FORMS = {
    "bakery_switch",
    "bakery_choose_notice",
    "bakery_send_test",
    "bakery_quiet_hours",
    "bakery_limit",
    "bakery_weekly_summary",
    "bakery_own_phone",
    "bakery_confirm_phone",
    "bakery_supplier_import",
    "bakery_supplier_erase",
    "bakery_proof_link",
    "bakery_proof_revoke",
    "bakery_invite",
    "bakery_role",
    "bakery_remove",
    "bakery_invitation_again",
    "bakery_invitation_back",
}
# These change nothing of this bakery: nothing waits, no code was asked for, Ana is its only owner, and a link stands.
NEEDS_MORE = {
    "bakery_proof_link",
    "bakery_cancel",
    "bakery_confirm_phone",
    "bakery_forget_phone",
    "bakery_leave",
    "bakery_send_test",
}
# A search is posted, so that no number stands in an address.
SEARCHES = {"bakery_messages", "bakery_suppliers"}
# The platform's staff turn the switch too, and forget a phone of their own.
STAFF_MAY = {"bakery_switch", "bakery_forget_phone"}


@pytest.fixture
def ids(bakery) -> dict[str, Any]:
    """The ids of Ana's bakery, by the names that addresses have for them."""
    message = message_in(MessageStatus.FAILED, tenant=bakery, reference=ORDER, error_code=131026)
    recipient = RecipientFactory.create(tenant=bakery, phone="+34600000101", name="Juan García")
    link = ProofLink.objects.create(
        tenant=bakery,
        reference=ORDER,
        created_by="ana",
        expires_at=timezone.now() + timedelta(days=30),
    )
    rows = {"message_id": message.pk, "recipient_id": recipient.pk, "link_id": link.pk}
    rows["member_id"] = MembershipFactory.create(tenant=bakery, role="staff", id=987_001).pk
    rows["invitation_id"] = Invitation.objects.create(
        tenant=bakery, email="new@elsewhere.example", expires_at=link.expires_at, id=987_002
    ).pk
    # The platform's, the same for every bakery.
    return rows | {"kind_id": NoticeKindFactory.create().pk}


def address(name: str, slug: str, ids: dict[str, Any]) -> str:
    for wanted in ({}, *({key: value} for key, value in ids.items())):
        try:
            path = reverse(name, kwargs={"slug": slug, **wanted})
        except NoReverseMatch:
            continue
        return f"{path}?order={ORDER}" if "proof" in name else path
    raise AssertionError(f"{name} takes an id that this walk does not know")


def holds_an_id(path: str, ids: dict[str, Any]) -> bool:
    """Whether the address names something of Ana's bakery: a row, or an order."""
    return ORDER in path or any(
        str(value) in path for name, value in ids.items() if name != "kind_id"
    )


def shows_nothing(answer: Any, ids: dict[str, Any]) -> bool:
    """Whether nothing is found, or a page of the reader's own bakery, without anything of Ana's."""
    if answer.status_code in {404, 405}:
        return True
    return "Panadería Goiko" not in answer.text and not holds_an_id(answer.text, ids)


def state() -> list[Any]:
    models: tuple[Any, ...] = (
        *(Message, MessageMail, Recipient, ProofLink, Erasure, Membership, Invitation),
        *(Tenant, SettingChange, NoticeChoice, OwnPhone),
    )
    return [*(list(model.objects.order_by("pk").values()) for model in models), len(mail.outbox)]


@pytest.mark.parametrize("slug", ["goiko", "artesano"])
@pytest.mark.parametrize("name", OF_A_BAKERY)
def test_another_bakerys_owner_finds_nothing_and_changes_nothing(
    browse, carla, ids, broker, name, slug
):
    """Under the other bakery's address, and with its ids under her own."""
    path = address(name, slug, ids)
    if slug == "artesano" and not holds_an_id(path, ids):
        return  # a page of her own bakery
    before = state()
    client = browse(carla)
    # An address that takes only one of the two says so, or leads elsewhere, before it looks for anything.
    assert shows_nothing(client.get(path, follow=True), ids)
    assert client.post(path, POSTS.get(name, {})).status_code in {404, 405}
    assert state() == before


@pytest.mark.parametrize("name", OF_A_BAKERY)
def test_nobody_enters_without_logging_in(browse, ids, name):
    path = address(name, "goiko", ids)
    before = state()
    for answer in (browse().get(path), browse().post(path, POSTS.get(name, {}))):
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("/login?next=")
    assert state() == before


@pytest.mark.parametrize("name", OF_A_BAKERY)
def test_who_works_there_opens_all_but_the_owners_own(browse, bruno, ids, name):
    path = address(name, "goiko", ids)
    expected = {403} if name in OWNERS_ONLY else {200, 302, 405}
    assert browse(bruno).get(path).status_code in expected


@pytest.mark.parametrize("name", sorted(OWNERS_FORMS))
def test_who_works_there_decides_nothing(browse, bruno, ids, broker, name):
    before = state()
    assert browse(bruno).post(address(name, "goiko", ids), POSTS[name]).status_code == 403
    assert state() == before


@pytest.mark.parametrize("name", OF_A_BAKERY)
def test_the_owner_opens_everything(browse, ana, ids, name):
    assert browse(ana).get(address(name, "goiko", ids)).status_code in {200, 302, 405}


@pytest.mark.parametrize("name", sorted(POSTS.keys() - NEEDS_MORE))
def test_the_owner_changes_something_with_the_same_form(browse, ana, ids, broker, name):
    before = state()
    browse(ana).post(address(name, "goiko", ids), POSTS[name])
    assert state() != before


@pytest.mark.parametrize("name", sorted(set(OF_A_BAKERY) - POSTS.keys() - SEARCHES))
def test_no_other_address_takes_a_form(browse, ana, ids, name):
    assert browse(ana).post(address(name, "goiko", ids)).status_code == 405


@pytest.mark.parametrize("name", sorted(POSTS.keys() - STAFF_MAY))
def test_the_platforms_staff_change_nothing(browse, paula, ids, broker, name):
    before = state()
    assert browse(paula).post(address(name, "goiko", ids), POSTS[name]).status_code == 403
    assert state() == before


@pytest.mark.parametrize("name", OF_A_BAKERY)
def test_somebody_of_two_bakeries_finds_ids_below_their_own_bakery_only(
    browse, ana, carla, ids, name
):
    MembershipFactory.create(tenant=carla.memberships.get().tenant, user=ana)
    path = address(name, "artesano", ids)
    if holds_an_id(path, ids):
        assert shows_nothing(browse(ana).get(path, follow=True), ids)


@pytest.mark.parametrize("name", OF_A_BAKERY)
def test_the_menu_names_where_one_is(browse, ana, ids, name):
    page = browse(ana).get(address(name, "goiko", ids))
    if page.status_code == 200 and page.headers["content-type"].startswith("text/html"):
        assert page.text.count("aria-current=") == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bakery_quiet_hours", {"start": "21:00"}),
        ("bakery_limit", {"limit": "0"}),
        ("bakery_confirm_phone", {"code": "x"}),
        ("bakery_resend", {"phone": "x"}),
        ("bakery_message_mail", {"to": "x"}),
        ("bakery_invite", {"email": "x"}),
    ],
)
def test_the_menu_names_it_also_where_a_form_comes_back(browse, ana, ids, name, data):
    page = browse(ana).post(address(name, "goiko", ids), data)
    assert page.status_code == 200
    assert page.text.count("aria-current=") == 1
