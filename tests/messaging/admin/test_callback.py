from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from messaging.models import Alert, Callback, CallbackDelivery, DeliveryStatus, DisabledReason
from messaging.services import callback_delivery, callback_recording, callbacks
from tenants.models import User
from tests.factories import CallbackFactory, MembershipFactory, MessageFactory, TenantFactory
from tests.messaging.callback_server import callback_to, waits_for

LIST, LOG = "/admin/messaging/callback/", "/admin/messaging/callbackdelivery/"
ADD = f"{LIST}add/"
URL = "https://hook.example/whatsapp"


@pytest.fixture(autouse=True)
def _name(names, db):
    names["hook.example"] = [["93.184.215.14"]]
    names["inside.example"] = [["10.0.0.1"]]


def page_of(row) -> str:
    return reverse(f"admin:messaging_{row._meta.model_name}_change", args=(row.pk,))


def act(client, address, action, *rows):
    data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(address, data, follow=True)


def test_a_new_callbacks_secret_is_shown_once(paula):
    tenant = TenantFactory()
    answer = paula.post(ADD, {"url": URL, "tenant": str(tenant.pk), "events": ["statuses"]})
    callback = Callback.objects.get()
    assert callback.secret in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert (callback.url, callback.tenant, callback.events) == (URL, tenant, ["statuses"])
    assert callback.created_by == "paula"
    later = paula.get(LIST).text + paula.get(page_of(callback)).text
    assert "whsec_" not in later
    assert URL in later


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://inside.example/", "not on the public internet"),
        ("http://hook.example/", "must begin with https://"),
        ("https://nobody.example/", "host name is not known"),
        ("https://user:password@hook.example/", "no user and no password"),
    ],
)
def test_an_address_that_no_callback_may_have_is_refused_beside_it(paula, url, why):
    assert why in paula.post(ADD, {"url": url, "events": ["statuses"]}).text
    assert not Callback.objects.exists()
    callback = CallbackFactory()
    assert why in paula.post(page_of(callback), {"url": url, "events": ["statuses"]}).text
    callback.refresh_from_db()
    assert callback.url == CallbackFactory.url


def test_a_callback_must_be_told_something(paula):
    assert "This field is required." in paula.post(ADD, {"url": URL}).text
    assert not Callback.objects.exists()


def test_nobody_gets_more_than_ten(paula):
    CallbackFactory.create_batch(callbacks.MOST, tenant=None)
    page = paula.post(ADD, {"url": URL, "events": ["statuses"]}).text
    assert "There are 10 callbacks already." in page


def test_a_callback_is_changed_but_stays_with_its_bakery(paula):
    callback = CallbackFactory(failing_since="2026-11-25T08:00Z", failures=3)
    tenant = callback.tenant
    data = {"url": URL, "events": ["replies"], "tenant": str(TenantFactory().pk)}
    assert paula.post(page_of(callback), data).status_code == 302
    callback.refresh_from_db()
    assert (callback.url, callback.events, callback.tenant) == (URL, ["replies"], tenant)
    assert (callback.failing_since, callback.failures) == (None, 0)


def test_the_list_says_in_words_how_each_one_is(paula, time_machine):
    unused, off, failing, works = CallbackFactory.create_batch(4)
    callbacks.disable(off)
    Callback.objects.filter(pk=failing.pk).update(failing_since="2026-11-25T08:00Z")
    Callback.objects.filter(pk=works.pk).update(last_success_at="2026-11-25T08:00Z")
    waits_for(unused, 3)
    page = paula.get(LIST).text
    for words in ("not used yet", "switched off", "failing", "works", ">3</a>"):
        assert words in page
    assert str(off.pk) not in paula.get(LIST, {"state": "failing"}).text
    assert str(failing.pk) in paula.get(LIST, {"state": "failing"}).text
    assert str(off.pk) in paula.get(LIST, {"state": "disabled"}).text
    assert str(off.pk) not in paula.get(LIST, {"state": "enabled"}).text


def test_lists_cost_the_same_few_statements_whatever_their_length(
    paula, django_assert_max_num_queries
):
    message = MessageFactory()
    for callback in CallbackFactory.create_batch(10, tenant=message.tenant):
        waits_for(callback, 2)
    for address in (LIST, LOG):
        with django_assert_max_num_queries(14):
            assert paula.get(address).status_code == 200


def test_switching_off_and_on(paula):
    callback = CallbackFactory()
    assert "1 callback is off" in act(paula, LIST, "switch_off", callback).text
    callback.refresh_from_db()
    assert callback.disabled_reason == DisabledReason.BY_HAND
    assert "1 callback is on." in act(paula, LIST, "switch_on", callback).text
    callback.refresh_from_db()
    assert callback.is_enabled


def test_the_alert_says_what_to_do_and_is_closed_by_switching_on(paula):
    callback = CallbackFactory()
    callback_recording.switch_off(callback, DisabledReason.FAILING)
    page = paula.get("/admin/messaging/alert/").text
    assert "A callback was switched off" in page
    assert "switch it on again" in page
    assert "it did not work for too long" in paula.get(page_of(callback)).text
    act(paula, LIST, "switch_on", callback)
    assert not Alert.objects.open().exists()


def test_a_test_is_sent_and_its_log_shows_body_and_answer(paula, receiver, broker):
    callback = callback_to(receiver)
    assert "A test is on its way" in act(paula, LIST, "send_test", callback).text
    receiver.answers = [(404, {}, b"<b>No such page</b>")]
    callback_delivery.deliver_waiting()
    delivery = CallbackDelivery.objects.get()
    page = paula.get(page_of(delivery)).text
    assert "given up" in page
    assert "404" in page
    assert "&lt;b&gt;No such page&lt;/b&gt;" in page
    assert "&quot;ping&quot;" in page
    assert str(delivery.pk) in paula.get(LOG, {"callback__id__exact": str(callback.pk)}).text
    assert str(delivery.pk) not in paula.get(LOG, {"status__exact": "delivered"}).text


def test_no_test_goes_to_a_callback_that_is_off(paula):
    callback = CallbackFactory()
    callbacks.disable(callback)
    assert "Switch it on first." in act(paula, LIST, "send_test", callback).text
    assert not CallbackDelivery.objects.exists()


def test_sending_again(paula):
    delivery, other = waits_for(CallbackFactory())[0], waits_for(CallbackFactory())[0]
    CallbackDelivery.objects.update(status=DeliveryStatus.FAILED, next_attempt_at=None)
    callbacks.disable(other.callback)
    page = act(paula, LOG, "send_again", delivery, other).text
    assert "1 is sent again." in page
    assert "Switch it on first." in page
    delivery.refresh_from_db()
    other.refresh_from_db()
    assert (delivery.status, other.status) == (DeliveryStatus.WAITING, DeliveryStatus.FAILED)


def test_support_sends_again_and_does_nothing_else_to_a_callback(sonia):
    (delivery,) = waits_for(callback := CallbackFactory())
    CallbackDelivery.objects.update(status=DeliveryStatus.FAILED, next_attempt_at=None)
    assert "1 is sent again." in act(sonia, LOG, "send_again", delivery).text
    act(sonia, LIST, "switch_off", callback)
    callback.refresh_from_db()
    assert callback.is_enabled


def test_a_new_secret_is_asked_about_and_shown_once(paula):
    callback = CallbackFactory()
    address = reverse("admin:messaging_callback_new_secret", args=(callback.pk,))
    assert "Give it a new secret?" in paula.get(address).text
    callback.refresh_from_db()
    assert callback.secret == CallbackFactory.secret
    answer = paula.post(address)
    callback.refresh_from_db()
    assert callback.secret != CallbackFactory.secret
    assert callback.secret in answer.text
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_callback_is_deleted_with_its_log(paula):
    callback = CallbackFactory()
    waits_for(callback, 3)
    callback_recording.switch_off(callback, DisabledReason.GONE)
    address = reverse("admin:messaging_callback_delete", args=(callback.pk,))
    assert callback.url in paula.get(address).text
    assert paula.post(address, {"post": "yes"}).status_code == 302
    assert not CallbackDelivery.objects.exists()
    assert not Alert.objects.open().exists()


# --- Who may -----------------------------------------------------------------------------------------


@pytest.fixture
def looker() -> Client:
    """Platform staff who may look at callbacks and nothing else."""
    person = User.objects.create(username="looker", is_staff=True)
    names = ("view_callback", "view_callbackdelivery")
    person.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def test_who_may_only_look_changes_nothing(looker):
    callback = CallbackFactory()
    (delivery,) = waits_for(callback)
    CallbackDelivery.objects.update(status=DeliveryStatus.FAILED, next_attempt_at=None)
    for action in ("switch_off", "send_test"):
        act(looker, LIST, action, callback)
    act(looker, LOG, "send_again", delivery)
    secret = reverse("admin:messaging_callback_new_secret", args=(callback.pk,))
    assert looker.get(secret).status_code == looker.post(secret).status_code == 403
    assert looker.post(page_of(callback), {"url": URL, "events": ["replies"]}).status_code == 403
    assert looker.post(ADD, {"url": URL, "events": ["replies"]}).status_code == 403
    assert looker.get(page_of(callback)).status_code == 200
    page = looker.get(page_of(delivery))
    assert page.status_code == 200
    assert "Send again" not in page.text
    callback.refresh_from_db()
    delivery.refresh_from_db()
    assert callback.is_enabled
    assert callback.secret == CallbackFactory.secret
    assert delivery.status == DeliveryStatus.FAILED
    assert CallbackDelivery.objects.count() == 1


def test_a_bakerys_owner_and_strangers_see_nothing_of_it():
    callback = CallbackFactory()
    owner = Client()
    owner.force_login(MembershipFactory(tenant=callback.tenant).user)
    for client in (owner, Client()):
        for address in (LIST, LOG, page_of(callback)):
            answer = client.get(address)
            assert answer.status_code == 302
            assert "login" in answer.headers["location"]
