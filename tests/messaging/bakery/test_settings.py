"""The owner's settings: which notices, when, how many, the phone for tests, and what was changed."""

from __future__ import annotations

import re
from datetime import time, timedelta
from urllib.parse import unquote

import pytest
from django.urls import get_resolver, reverse
from django.utils import timezone

from messaging.models import Message, NoticeChoice, NoticeKind, WaitsFor
from messaging.statuses import MessageStatus
from tenants.models import OwnPhone, SettingChange, Tenant
from tests.factories import TemplateFactory, message_in
from tests.messaging.bakery.test_pages import text_of

pytestmark = pytest.mark.usefixtures("broker")
SETTINGS = "/bakery/goiko"
UNKNOWN = "6ac5e28a-b97e-4867-868a-aa3fa07b0405"


@pytest.fixture(autouse=True)
def kinds(first_kinds) -> None:
    """Orders and low stock have a text, production has none yet."""
    TemplateFactory.create()
    TemplateFactory.create(name="low_stock_alert")


def kind(name: str = "low_stock_alert") -> NoticeKind:
    return NoticeKind.objects.get(template_name=name)


def read(client, path: str = SETTINGS) -> str:
    return text_of(client.get(path).text)


# --- Who may -------------------------------------------------------------------------------------


def actions() -> list[tuple[str, dict[str, str]]]:
    return [
        (f"{SETTINGS}/notices/{kind().pk}", {"wanted": "on"}),
        (f"{SETTINGS}/notices/{kind().pk}/test", {}),
        (f"{SETTINGS}/quiet-hours", {"start": "21:00", "until": "07:00"}),
        (f"{SETTINGS}/limit", {"limit": "50"}),
        (f"{SETTINGS}/phone", {"phone": "+34600000199"}),
        (f"{SETTINGS}/phone/confirm", {"code": "123456"}),
    ]


def nothing_changed() -> bool:
    bakery = Tenant.objects.get(slug="goiko")
    untouched = bakery.quiet_from is None and bakery.own_monthly_limit is None
    rows = (NoticeChoice, SettingChange, OwnPhone, Message)
    return untouched and not any(model.objects.exists() for model in rows)


@pytest.mark.parametrize(
    ("person", "words"),
    [("bruno", "Only the owner of the bakery"), ("paula", "You only look at this bakery.")],
)
def test_others_of_the_bakery_and_the_platform_change_nothing(
    request, browse, bakery, person, words
):
    client = browse(request.getfixturevalue(person))
    for path, data in actions():
        answer = client.post(path, data)
        assert answer.status_code == 403, path
        assert words in answer.text
    assert client.get(f"{SETTINGS}/phone").status_code == 403
    assert client.get(f"{SETTINGS}/history").status_code == 200
    assert nothing_changed()


def test_another_bakerys_owner_finds_none_of_it(browse, carla, bakery):
    client = browse(carla)
    for path, data in actions():
        assert client.post(path, data).status_code == 404, path
    for path in (f"{SETTINGS}/phone", f"{SETTINGS}/history"):
        assert client.get(path).status_code == 404, path
    assert nothing_changed()


def test_nobody_changes_anything_without_logging_in(browse, bakery):
    for path, data in actions():
        assert browse().post(path, data).url.startswith("/login"), path
    assert nothing_changed()


@pytest.mark.parametrize("person", ["bruno", "paula"])
def test_others_see_the_settings_without_forms(request, browse, bakery, person):
    page = browse(request.getfixturevalue(person)).get(SETTINGS).text
    assert "What we send" in page
    assert 'role="switch"' not in page
    assert "/quiet-hours" not in page
    assert "Send me a test" not in page


def addresses_of_a_bakery() -> dict[str, str]:
    """Every address below a bakery's, whoever builds it, with ids that no row has."""
    values = {
        "message_id": UNKNOWN,
        "kind_id": 1,
        "member_id": 1,
        "invitation_id": 1,
        "slug": "goiko",
    }
    found = {}
    for name, ways in get_resolver().reverse_dict.lists():
        if not isinstance(name, str) or not name.startswith("bakery_"):
            continue
        parameters = ways[0][0][0][1]
        more = {key: values.get(key, UNKNOWN) for key in parameters}
        found[name] = reverse(name, kwargs=more)
    return found


def test_a_walk_over_every_address_with_another_bakerys_finds_nothing(browse, carla, bakery):
    paths = addresses_of_a_bakery()
    assert {"bakery_settings", "bakery_switch", "bakery_limit"} <= set(paths)
    client = browse(carla)
    for name, path in paths.items():
        # Where one of the two is not allowed at all, 405 says as little.
        answers = {client.get(path).status_code, client.post(path, {}).status_code}
        assert answers <= {404, 405}, name
        assert 404 in answers, name


# --- Which notices -------------------------------------------------------------------------------


def test_each_kind_is_shown_with_its_state_and_its_text(browse, ana):
    text = read(browse(ana))
    assert re.search(r"Orders to suppliers .* On How it looks", text)
    assert re.search(r"Low stock When an ingredient runs low. Off How it looks", text)
    assert "Hola Juan García, has recibido una nueva orden de compra PO-12345" in text
    assert re.search(r"Production .* The platform is still preparing its text.", text)


def test_a_kind_is_turned_on_and_off(browse, ana, bakery):
    client = browse(ana)
    path = f"{SETTINGS}/notices/{kind().pk}"
    answer = client.post(path, {"wanted": "on"})
    assert answer.url == f"{SETTINGS}#what"
    assert NoticeChoice.objects.get().is_on
    assert "Saved. It counts for the next notice." in client.get(SETTINGS).text
    client.post(path, {"wanted": "off"})
    assert not NoticeChoice.objects.get().is_on


def test_a_kind_without_a_text_cannot_be_turned_on(browse, ana):
    page = browse(ana).get(SETTINGS).text
    assert f"/notices/{kind('production_alert').pk}" not in page


@pytest.mark.parametrize("data", [{}, {"wanted": "perhaps"}])
def test_a_broken_choice_changes_nothing(browse, ana, data):
    assert browse(ana).post(f"{SETTINGS}/notices/{kind().pk}", data).status_code == 400
    assert browse(ana).post(f"{SETTINGS}/notices/99999", {"wanted": "on"}).status_code == 404
    assert nothing_changed()


def test_the_platforms_own_kinds_have_their_title(browse, ana):
    NoticeKind.objects.create(template_name="oven_report", title="Parte del horno", position=9)
    NoticeKind.objects.create(template_name="flour_prices", position=10)
    text = read(browse(ana))
    assert "Parte del horno" in text
    assert "Flour prices" in text


# --- When and how many ---------------------------------------------------------------------------


def test_quiet_hours_are_set_and_taken_away(browse, ana, bakery):
    client = browse(ana)
    client.post(f"{SETTINGS}/quiet-hours", {"start": "21:00", "until": "07:00"})
    bakery.refresh_from_db()
    assert (bakery.quiet_from, bakery.quiet_until) == (time(21), time(7))
    text = read(client)
    assert "From 21:00 to 07:00 we are quiet" in text
    assert "Urgent orders always go out" in text
    client.post(f"{SETTINGS}/quiet-hours", {"start": "", "until": ""})
    assert "there are no quiet hours" in read(client)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"start": "21:00"}, "Give both times, or neither."),
        ({"start": "21:00", "until": "21:00"}, "have to end at another time"),
        ({"start": "late", "until": "07:00"}, "Enter a valid time."),
    ],
)
def test_quiet_hours_that_make_no_sense_are_said_beside_their_field(
    browse, ana, bakery, data, sentence
):
    page = browse(ana).post(f"{SETTINGS}/quiet-hours", data)
    assert sentence in page.text
    assert 'aria-invalid="true"' in page.text
    assert "<details open>" in page.text
    assert nothing_changed()


def test_the_limit_is_set_below_the_platforms(browse, ana, bakery):
    bakery.monthly_cap = 1500
    bakery.save()
    client = browse(ana)
    assert "The platform allows up to 1,500" in client.get(SETTINGS).text
    page = client.post(f"{SETTINGS}/limit", {"limit": "1501"})
    assert "The platform allows less than that." in page.text
    client.post(f"{SETTINGS}/limit", {"limit": "1200"})
    bakery.refresh_from_db()
    assert bakery.own_monthly_limit == 1200
    assert "This month 0 of 1,200 notices." in read(client)
    assert "Este mes 0 de 1.200 avisos." in read(browse(ana, language="es"))


@pytest.mark.parametrize("limit", ["0", "-1", "many", "1000001"])
def test_a_limit_that_is_none_is_said_beside_its_field(browse, ana, bakery, limit):
    page = browse(ana).post(f"{SETTINGS}/limit", {"limit": limit})
    assert 'id="id_limit_error"' in page.text
    assert "Write a whole number between 1 and a million, or nothing for no limit." in page.text
    assert nothing_changed()


def test_a_limit_that_is_near_is_said_and_one_that_is_reached_with_its_end(browse, ana, bakery):
    bakery.own_monthly_limit = 5
    bakery.save()
    for _ in range(4):
        message_in(MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now())
    text = read(browse(ana))
    assert "4 of the 5 notices of this month are used." in text
    assert "All is well" in text
    message_in(MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now())
    text = read(browse(ana), f"{SETTINGS}/history")
    assert "monthly limit of notices is reached." in text
    assert re.search(r"Until 1 \w{3}, 00:00", text)


def test_a_daily_limit_that_is_reached_is_said_with_its_end(browse, ana, bakery):
    bakery.daily_cap = 1
    bakery.save()
    assert "daily limit" not in read(browse(ana))
    message_in(MessageStatus.SENT, tenant=bakery, accepted_at=timezone.now())
    text = read(browse(ana))
    assert "daily limit of notices is reached. What comes now waits for tomorrow" in text
    assert re.search(r"Until \d+ \w{3}, 00:00", text)


def test_whatsapps_limit_is_said_with_the_next_try(browse, ana, bakery):
    due = timezone.now() + timedelta(minutes=10)
    message_in(
        MessageStatus.QUEUED, tenant=bakery, waits_for=WaitsFor.PORTFOLIO_LIMIT, send_after=due
    )
    text = read(browse(ana))
    assert "WhatsApp lets us write to no more new people for now." in text
    assert "Since" in text
    assert "We try again at" in text


# --- The phone for tests -------------------------------------------------------------------------


def test_an_owner_proves_a_number_and_has_a_test_sent(browse, ana, bakery):
    client = browse(ana)
    test = f"{SETTINGS}/notices/{kind('po_notification').pk}/test"
    assert client.post(test).url == f"{SETTINGS}/phone"
    assert client.post(f"{SETTINGS}/phone", {"phone": "600"}).status_code == 200
    client.post(f"{SETTINGS}/phone", {"phone": "600 000 199"})
    page = client.get(f"{SETTINGS}/phone").text
    assert "+34 6•• ••• 199" in page
    assert "600 000 199" not in page
    _word, code = Message.objects.get().components[0]["parameters"][1]["text"].split()
    wrong = client.post(
        f"{SETTINGS}/phone/confirm", {"code": "000000" if code != "000000" else "1"}
    )
    assert "This is not the code" in wrong.text
    # Phones show it in two groups, and whoever reads it off types it so.
    typed = f" {code[:3]} {code[3:]} "
    assert client.post(f"{SETTINGS}/phone/confirm", {"code": typed}).url == SETTINGS
    sent = client.post(test)
    assert sent.url.startswith(f"{SETTINGS}/messages/")
    assert "The test is on its way to your phone." in client.get(sent.url).text
    assert "Tests go to your phone +34 6•• ••• 199" in read(client)
    client.post(f"{SETTINGS}/phone/forget")
    assert "Say which phone is yours" in read(client)


def test_the_code_is_not_to_be_read_on_the_bakerys_pages(browse, ana, bakery):
    client = browse(ana)
    client.post(f"{SETTINGS}/phone", {"phone": "+34600000199"})
    message = Message.objects.get()
    _word, code = message.components[0]["parameters"][1]["text"].split()
    for path in (SETTINGS, f"{SETTINGS}/messages/{message.pk}", f"{SETTINGS}/phone"):
        assert code not in client.get(path).text


def test_why_a_test_does_not_go_out_is_said_in_plain_words(browse, ana, bakery):
    OwnPhone.objects.create(user=ana, phone="+34600000199", verified_at=timezone.now())
    Tenant.objects.update(whatsapp_enabled=False)
    client = browse(ana)
    client.post(f"{SETTINGS}/notices/{kind().pk}/test")
    assert "WhatsApp notices are switched off for this bakery." in client.get(SETTINGS).text
    assert (
        "WhatsApp notices are switched off for this bakery."
        in client.post(f"{SETTINGS}/phone", {"phone": "+34600000199"}).text
    )


# --- What was changed, and help ------------------------------------------------------------------


def test_changes_are_listed_with_who_and_when(browse, ana, paula, bakery):
    client = browse(ana)
    client.post(f"{SETTINGS}/switch", {"enabled": "off"})
    client.post(f"{SETTINGS}/limit", {"limit": "1200"})
    client.post(f"{SETTINGS}/limit", {"limit": ""})
    client.post(f"{SETTINGS}/notices/{kind().pk}", {"wanted": "on"})
    SettingChange.objects.create(
        tenant=bakery, what="quiet_hours", after="21:00-07:00", changed_by=paula,
        changed_by_name="Paula Plataforma",
    )  # fmt: skip
    text = read(client, f"{SETTINGS}/history")
    for words in (
        "Notices switched off",
        "Limit of 1,200 notices a month",
        "No monthly limit any more",
        "Low stock: switched on",
        "Quiet hours from 21:00 to 07:00",
    ):
        assert words in text
    assert "· ana" in text
    assert "the platform" in text
    assert "Paula" not in text


def test_what_the_platform_changes_is_kept_too(admin_client, bakery):
    page = admin_client.get(reverse("admin:tenants_tenant_change", args=[bakery.pk]))
    form = page.context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}
    data |= {"own_monthly_limit": "7", "whatsapp_enabled": "on"}
    for formset in page.context["inline_admin_formsets"]:
        data |= {f"{formset.formset.prefix}-{key}": "0" for key in ("TOTAL_FORMS", "INITIAL_FORMS")}
    answer = admin_client.post(reverse("admin:tenants_tenant_change", args=[bakery.pk]), data)
    assert answer.status_code == 302, answer.context["errors"]
    change = SettingChange.objects.get()
    assert (change.what, change.after) == ("monthly_limit", "7")


def test_help_is_a_mail_that_says_where_it_comes_from(browse, ana, bakery, settings):
    client = browse(ana)
    assert "mailto:" not in client.get(SETTINGS).text
    settings.SUPPORT_EMAIL = "help@platform.example"
    page = client.get(f"{SETTINGS}/history").text
    [address] = re.findall(r'href="(mailto:[^"]+)"', page)
    mail = unquote(address)
    assert mail.startswith("mailto:help@platform.example?subject=Help with the notices of")
    for context in (str(bakery.pk), "Panadería Goiko", "ana", "/bakery/goiko/history"):
        assert context in mail
    assert "session" not in mail


def test_an_owner_who_is_staff_now_still_has_their_number_forgotten(browse, bruno, bakery):
    OwnPhone.objects.create(user=bruno, phone="+34600000199", verified_at=timezone.now())
    client = browse(bruno)
    assert f'href="{SETTINGS}/phone"' in client.get(SETTINGS).text
    page = client.get(f"{SETTINGS}/phone").text
    assert "Forget this number" in page
    assert "Send me a code" not in page
    assert client.post(f"{SETTINGS}/phone", {"phone": "+34600000198"}).status_code == 403
    answer = client.post(f"{SETTINGS}/phone/forget", follow=True)
    assert "We have forgotten your number." in answer.text
    assert OwnPhone.objects.get().phone == ""
    assert f'href="{SETTINGS}/phone"' not in client.get(SETTINGS).text
    assert client.get(f"{SETTINGS}/phone").status_code == 403


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "We propose the night."), ("es", "proponemos la noche.")],
)
def test_quiet_hours_are_proposed_and_count_once_saved(browse, ana, bakery, language, said):
    client = browse(ana, language=language)
    page = client.get(SETTINGS).text
    assert said in page
    assert re.search(r'name="start" value="21:00"', page)
    assert re.search(r'name="until" value="07:00"', page)
    bakery.refresh_from_db()
    assert bakery.quiet_from is None
    client.post(f"{SETTINGS}/quiet-hours", {"start": "22:00", "until": "06:00"})
    page = client.get(SETTINGS).text
    assert said not in page
    assert re.search(r'name="start" value="22:00"', page)
