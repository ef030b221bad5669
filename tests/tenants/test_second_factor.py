"""After the password a code: asked of staff where it is required, and of everybody who has set it up."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp

from tenants.models import LogIn, SecondFactor, User
from tenants.services import second_factors
from tests.factories import PASSWORD, MembershipFactory, StaffFactory, SupportFactory, UserFactory

CODE = "/account/second-factor"
SET_UP = f"{CODE}/set-up"
SECURITY = "/account/security"


@pytest.fixture
def required(settings):
    settings.STAFF_SECOND_FACTOR = True


@pytest.fixture
def ana(db) -> User:
    user: User = UserFactory.create(username="ana")
    MembershipFactory.create(user=user, tenant__slug="goiko")
    return user


def now_code(user: User, *, steps: int = 0) -> str:
    import base64

    secret = base64.b32decode(SecondFactor.objects.get(user=user).secret)
    return f"{totp(secret, t0=int(-30 * steps)):06}"


def give_factor(user: User) -> list[str]:
    second_factors.begin(user)
    codes = second_factors.confirm(user, now_code(user))
    # As if the phone had been set up a while ago: the code of now is not used yet.
    SecondFactor.objects.filter(user=user).update(last_step=0)
    return codes


def browser(*, language="en"):
    return Client(headers={"accept-language": language, "user-agent": "X Firefox/140 Linux"})


def log_in(user, **how):
    client = browser(**how)
    client.post("/login", {"username": user.username, "password": PASSWORD})
    return client


# --- Setting up ------------------------------------------------------------------------------------


def test_staff_set_it_up_before_anything_opens(required, db):
    paula = StaffFactory.create(username="paula")
    client = log_in(paula)
    assert client.get("/admin/").url == f"{SET_UP}?next=%2Fadmin%2F"
    assert client.get("/admin/tenants/tenant/").url.startswith(SET_UP)
    assert client.post("/admin/tenants/tenant/add/", {"name": "x"}).url == SET_UP
    page = client.get(SET_UP, {"next": "/admin/"})
    assert "Platform staff need it" in page.text
    assert "<svg" in page.text
    assert "no-store" in page.headers["cache-control"]
    done = client.post(SET_UP, {"code": now_code(paula), "next": "/admin/"})
    assert len(re.findall(r"<code>[a-z2-7]{4}(?:-[a-z2-7]{4}){3}</code>", done.text)) == 10
    assert 'href="/admin/"' in done.text
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("factory", [StaffFactory, SupportFactory])
def test_development_lets_staff_in_by_password_alone(db, settings, factory):
    assert settings.STAFF_SECOND_FACTOR is False
    assert log_in(factory.create()).get("/admin/").status_code == 200


def test_a_reload_keeps_the_key_and_a_wrong_code_switches_nothing_on(ana):
    client = log_in(ana)
    keys = {re.search(r'"typed">([A-Z2-7 ]+)<', client.get(SET_UP).text)[1] for _ in range(2)}  # type: ignore[index]
    assert len(keys) == 1
    assert "This code is not right." in client.post(SET_UP, {"code": "000000"}).text
    assert not second_factors.has_second_factor(ana)


def test_the_page_keeps_the_strict_policy_and_holds_the_picture_itself(ana):
    page = log_in(ana).get(SET_UP)
    assert "style=" not in page.text.partition("<main")[2]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "data:image" not in page.text


def test_the_secret_is_encrypted_and_codes_are_digests(ana):
    codes = give_factor(ana)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret, recovery_digests FROM tenants_secondfactor")
        secret, digests = cursor.fetchone()
    factor = SecondFactor.objects.get()
    assert factor.secret not in secret
    assert len(digests) == 10
    assert not set(codes) & set(digests)


# --- Logging in ------------------------------------------------------------------------------------


def test_whoever_has_one_gives_a_code_after_the_password(ana):
    give_factor(ana)
    client = log_in(ana)
    assert client.get("/bakery/goiko").url == f"{CODE}?next=%2Fbakery%2Fgoiko"
    assert "One more code" in client.get(CODE).text
    answer = client.post(CODE, {"code": now_code(ana), "next": "/bakery/goiko"})
    assert answer.url == "/bakery/goiko"
    assert client.get("/bakery/goiko").status_code == 200


def test_nothing_opens_between_password_and_code(ana):
    give_factor(ana)
    client = log_in(ana)
    for path in ("/", "/bakery/goiko", "/password/change", SECURITY, f"{CODE}/off", SET_UP):
        answer = client.get(path)
        assert answer.status_code == 302, path
        assert answer.url.startswith((CODE, SECURITY)), path
    assert client.post("/bakery/goiko/switch", {"enabled": "off"}).url == CODE
    assert client.post(f"{CODE}/off", {"code": "000000"}).url == CODE
    assert client.post("/logout").url == "/login"


def test_a_code_works_once(ana):
    give_factor(ana)
    code = now_code(ana)
    assert log_in(ana).post(CODE, {"code": code}).status_code == 302
    assert "each works once" in log_in(ana).post(CODE, {"code": code}).text


@pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(ana, steps, is_taken, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    give_factor(ana)
    answer = log_in(ana).post(CODE, {"code": now_code(ana, steps=steps)})
    assert (answer.status_code == 302) is is_taken


def test_a_recovery_code_works_once_however_it_is_written(ana):
    first, second, *_rest = give_factor(ana)
    assert log_in(ana).post(CODE, {"code": first}).status_code == 302
    assert log_in(ana).post(CODE, {"code": first}).status_code == 200
    assert log_in(ana).post(CODE, {"code": second.upper().replace("-", " ")}).status_code == 302


@pytest.mark.parametrize("code", ["", "abc", "12345", "１２３４５６", "9" * 41, "' OR 1=1"])
def test_nonsense_is_no_code(ana, code):
    give_factor(ana)
    assert log_in(ana).post(CODE, {"code": code}).status_code == 200


def test_five_wrong_codes_wait_a_quarter_of_an_hour_also_for_the_right_one(ana, time_machine):
    start = timezone.now()
    time_machine.move_to(start, tick=False)
    give_factor(ana)
    client = log_in(ana)
    for _try in range(5):
        client.post(CODE, {"code": "000000"})
    assert "Too many wrong codes." in client.post(CODE, {"code": now_code(ana)}).text
    time_machine.move_to(start + timedelta(minutes=16), tick=False)
    assert client.post(CODE, {"code": f"{now_code(ana)}"}).status_code == 302


def test_whoever_only_knows_the_password_cannot_lock_the_owner_out(ana):
    recovery, *_rest = give_factor(ana)
    attacker = log_in(ana)
    for _try in range(6):
        attacker.post(CODE, {"code": "000000"})
    assert "Too many wrong codes." in attacker.post(CODE, {"code": "a" * 16}).text
    assert log_in(ana).post(CODE, {"code": recovery}).status_code == 302
    assert log_in(ana).post(CODE, {"code": recovery}).status_code == 200


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "On 1 other device you are logged in without such a code."),
        ("es", "En 1 dispositivo más tienes la sesión abierta sin ese código."),
    ],
)
def test_setting_it_up_offers_to_log_out_everywhere_else(ana, language, words):
    other, client = log_in(ana), log_in(ana, language=language)
    client.get(SET_UP)
    page = client.post(SET_UP, {"code": now_code(ana)}).text
    assert words in page
    assert 'action="/account/devices/end"' in page
    client.post("/account/devices/end")
    assert other.get("/bakery/goiko").url.startswith("/login")
    assert client.get(SECURITY).status_code == 200


def test_who_is_logged_in_nowhere_else_is_offered_nothing(ana):
    client = log_in(ana)
    client.get(SET_UP)
    page = client.post(SET_UP, {"code": now_code(ana)}).text
    assert "devices/end" not in page


def test_the_way_on_stays_on_this_site(ana):
    give_factor(ana)
    answer = log_in(ana).post(CODE, {"code": now_code(ana), "next": "https://evil.example/"})
    assert answer.url == "/"


def test_a_session_from_before_is_asked_too_once_staff_need_it(db, settings):
    paula = StaffFactory.create()
    client = log_in(paula)
    assert client.get("/admin/").status_code == 200
    settings.STAFF_SECOND_FACTOR = True
    assert client.get("/admin/").url.startswith(SET_UP)
    give_factor(paula)
    assert client.get("/admin/").url.startswith(CODE)


@pytest.mark.parametrize(("language", "words"), [("en", "One more code"), ("es", "Un código más")])
def test_both_languages(ana, language, words):
    give_factor(ana)
    assert words in log_in(ana, language=language).get(CODE).text


def test_the_api_is_not_asked(required, client, db):
    assert client.get("/api/v1/whatsapp/messages").status_code == 401
    assert client.get("/health/live").status_code == 200


# --- Afterwards ------------------------------------------------------------------------------------


def verified(user):
    client = log_in(user)
    assert client.post(CODE, {"code": now_code(user)}).status_code == 302
    return client


def test_somebody_switches_it_off_with_a_code(ana):
    codes = give_factor(ana)
    client = verified(ana)
    assert "This code is not right." in client.post(f"{CODE}/off", {"code": "000000"}).text
    assert client.post(f"{CODE}/off", {"code": codes[0]}).url == SECURITY
    assert not second_factors.has_second_factor(ana)
    assert log_in(ana).get("/bakery/goiko").status_code == 200


def test_new_recovery_codes_replace_the_old_ones(ana):
    old = give_factor(ana)
    client = verified(ana)
    page = client.post(f"{CODE}/codes", {"code": old[0]}).text
    assert len(re.findall(r"<code>", page)) == 10
    assert log_in(ana).post(CODE, {"code": old[1]}).status_code == 200


def test_staff_cannot_go_without_where_it_is_required(required, db):
    paula = StaffFactory.create()
    codes = give_factor(paula)
    client = verified(paula)
    assert "Switch it off" not in client.get(SECURITY).text
    assert client.post(f"{CODE}/off", {"code": codes[0]}).status_code == 403
    assert second_factors.has_second_factor(paula)


def test_another_platform_admin_resets_it_and_the_devices_are_logged_out(paula, ana):
    give_factor(ana)
    lost = verified(ana)
    address = f"/admin/tenants/user/{ana.pk}/reset-second-factor/"
    assert "Make sure who is asking." in paula.get(address).text
    paula.post(address)
    assert not second_factors.has_second_factor(ana)
    assert lost.get("/bakery/goiko").url.startswith("/login")
    (entry,) = LogEntry.objects.get_for_object(ana).filter(
        changes__has_key="second_factor", actor__username="paula"
    )
    assert entry.changes["second_factor"][0] == "on"


def test_nobody_resets_their_own_and_support_resets_none(paula, sonia, ana):
    own = User.objects.get(username="paula")
    give_factor(ana)
    assert paula.post(f"/admin/tenants/user/{own.pk}/reset-second-factor/").status_code == 403
    assert sonia.post(f"/admin/tenants/user/{ana.pk}/reset-second-factor/").status_code == 403
    assert second_factors.has_second_factor(ana)


# --- Devices ---------------------------------------------------------------------------------------


def test_devices_are_listed_and_ended_one_by_one(ana):
    here, there = log_in(ana), log_in(ana)
    page = here.get(SECURITY).text
    assert page.count("Firefox, Linux") == 2
    assert page.count("this device") == 1
    assert "127.0.0.0/24" in page
    other = LogIn.objects.get(session_key=there.session.session_key)
    assert here.post(f"/account/devices/{other.pk}/end").url == SECURITY
    assert there.get("/bakery/goiko").url.startswith("/login")
    assert here.get(SECURITY).text.count("Firefox, Linux") == 1


def test_all_others_are_ended_at_once(ana):
    here, there, elsewhere = log_in(ana), log_in(ana), log_in(ana)
    page = here.post("/account/devices/end", follow=True).text
    assert "2 other devices are logged out." in page
    for client in (there, elsewhere):
        assert client.get("/bakery/goiko").url.startswith("/login")
    assert here.get("/bakery/goiko").status_code == 200


def test_nobody_ends_somebody_elses_device(ana):
    bruno = log_in(UserFactory.create(username="bruno"))
    client = log_in(ana)
    row = LogIn.objects.get(user=ana)
    bruno.post(f"/account/devices/{row.pk}/end")
    assert client.get("/bakery/goiko").status_code == 200


def test_a_new_password_keeps_this_device_in_the_list(ana):
    client, other = log_in(ana), log_in(ana)
    new = {"old_password": PASSWORD, "new_password1": "another-invented-word", "new_password2": "another-invented-word"}  # fmt: skip
    assert client.post("/password/change", new).status_code == 302
    assert client.get(SECURITY).text.count("Firefox, Linux") >= 1
    assert other.get("/bakery/goiko").url.startswith("/login")
    row = LogIn.objects.get(session_key=client.session.session_key)
    assert row.user == ana


@pytest.mark.parametrize("path", [SECURITY, CODE, SET_UP, f"{CODE}/codes", f"{CODE}/off"])
def test_the_pages_need_a_log_in(db, path):
    assert browser().get(path).url.startswith("/login")


def test_the_page_takes_few_queries(ana, django_assert_max_num_queries):
    clients = [log_in(ana) for _time in range(5)]
    with django_assert_max_num_queries(8):
        clients[0].get(SECURITY)
