"""The token page: what stands there in each situation, who may do what, and that no token is ever told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import requests
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from messaging import demo
from messaging.models import TokenRotation
from messaging.services import accounts
from tenants.models import User, WhatsAppBusinessAccount
from tests.factories import AccountFactory, MembershipFactory, PhoneNumberFactory
from tests.messaging.token_meta import NEW, TokenMeta, dead, said_of

PAGE = "/admin/messaging/tokenrotation/now/"
ACTIONS = ("promote", "discard", "back", "retire")


@pytest.fixture
def account(db, broker):
    return AccountFactory.create()


@pytest.fixture
def token_meta(meta, account):
    return TokenMeta(meta.mock)


def paste(client, token=NEW):
    return client.post(PAGE, {"token": token}, follow=True).text


def promote(client):
    rotation = TokenRotation.objects.newest_first().first()
    return client.post(
        f"{PAGE}promote/", {"rotation": rotation.pk if rotation else ""}, follow=True
    ).text


def shown_on_the_question(client):
    return re.findall(r'name="(instead_of)" value="([^"]*)"', client.get(f"{PAGE}back/").text)


def go_back(client, shown=None):
    fields = dict(shown_on_the_question(client) if shown is None else shown)
    return client.post(f"{PAGE}back/", fields, follow=True).text


def states(page):
    """The word of each of the five stages."""
    badges = re.findall(
        r'bw-stage bw-stage--\w+.*?aria-hidden="true">\w+</span>([\w ]+)</span>', page, re.DOTALL
    )
    assert len(badges) == 5
    return badges


def primary_buttons(page):
    return len(re.findall(r"bw-button--primary", page.partition("bw-stages")[2]))


def test_without_an_account_the_page_leads_to_the_accounts(paula, settings):
    settings.WHATSAPP_ACCESS_TOKEN = ""
    assert "There is no account yet." in paula.get(PAGE).text


def test_the_five_stages_one_after_the_other(paula, token_meta):
    page = paula.get(PAGE).text
    assert states(page) == ["next", "later", "later", "later", "later"]
    assert primary_buttons(page) == 1
    page = paste(paula, f"  {NEW[:9]}\r\n{NEW[9:]} ")
    assert states(page) == ["done", "done", "next", "later", "later"]
    assert "It reads 1 number." in page
    assert "whatsapp_business_management, whatsapp_business_messaging" in page
    assert primary_buttons(page) == 1
    page = promote(paula)
    assert states(page) == ["done", "done", "done", "running", "later"]
    assert "paula" in page
    assert primary_buttons(page) == 1
    assert "Revoke the old token now?" in paula.get(f"{PAGE}retire/").text
    page = paula.post(f"{PAGE}retire/", follow=True).text
    assert "Meta refuses the old token now." in page
    assert states(page) == ["done"] * 5
    assert "Proved: Meta answers that it is no longer valid." in page
    assert token_meta.revoked == [demo.ACCESS_TOKEN]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (dead(463), "Meta does not accept this token. It has expired."),
        (dead(0), "It was revoked, or not copied whole."),
        (dead(460), "The password of the token&#x27;s owner was changed"),
        (said_of(timedelta(hours=2)), "This is a 24-hour token"),
        (said_of(type="USER"), "of the type USER"),
        (said_of(scopes=["whatsapp_business_management"]), "lacks the permission whatsapp_business_messaging"),
        (said_of(app_id="111"), "belongs to another app (111)"),
        (
            said_of(granular_scopes=[{"scope": "whatsapp_business_messaging", "target_ids": ["1"]}]),
            f"may not use the WhatsApp account {demo.WABA_ID}",
        ),
    ],
)  # fmt: skip
def test_a_bad_token_is_refused_with_the_reason_and_nothing_is_kept(paula, token_meta, said, says):
    token_meta.tokens[NEW] = said
    page = paste(paula)
    assert says in page
    assert "nothing can be sent" not in page
    assert states(page)[:2] == ["done", "refused"]
    assert not TokenRotation.objects.exists()
    assert WhatsAppBusinessAccount.objects.get().access_token == demo.ACCESS_TOKEN


@pytest.mark.parametrize("pasted", ["", " \n", "EAA ñ", f"{demo.APP_ID}|{demo.APP_SECRET}"])
def test_what_is_no_token_is_refused_without_asking_meta(paula, token_meta, meta, pasted):
    answer = paula.post(PAGE, {"token": pasted})
    assert answer.context["form"].errors
    assert states(answer.text) == ["next", "later", "later", "later", "later"]
    assert len(meta.mock.calls) == 0


def test_with_meta_down_the_page_says_so_and_a_later_paste_works(paula, token_meta):
    token_meta.failure = requests.ConnectionError()
    page = paste(paula)
    assert "Meta did not answer" in page
    assert states(page)[:2] == ["next", "later"]
    token_meta.failure = None
    assert states(paste(paula))[1] == "done"


def test_a_number_the_token_cannot_read_is_named_by_its_last_digits(paula, token_meta, account):
    PhoneNumberFactory(account=account, phone_number_id="7001", is_default=True, display_phone_number="+34612345678")  # fmt: skip
    page = paste(paula)
    assert "may not use the number …678" in page
    assert "612345678" not in page.replace(" ", "").replace("\xa0", "")


def test_two_admins_at_once_one_token(paula, token_meta):
    paste(paula)
    promote(paula)
    rotation = TokenRotation.objects.get()
    page = paula.post(f"{PAGE}promote/", {"rotation": rotation.pk}, follow=True).text
    assert "The pasted token is no longer there" in page


def test_a_pasted_token_can_be_discarded(paula, token_meta):
    paste(paula)
    rotation = TokenRotation.objects.get()
    page = paula.post(f"{PAGE}discard/", {"rotation": rotation.pk}, follow=True).text
    assert "forgotten; nothing was changed" in page
    assert states(page)[0] == "next"


def test_when_meta_refuses_the_new_token_going_back_is_the_one_thing_to_do(paula, token_meta):
    paste(paula)
    promote(paula)
    accounts.stop_sending(WhatsAppBusinessAccount.objects.get(), code=190)
    page = paula.get(PAGE).text
    assert states(page)[2] == "refused"
    assert primary_buttons(page) == 1
    assert "retire/" not in page
    assert "it may be the only one that works" not in page
    assert "was not revoked" in paula.post(f"{PAGE}retire/", follow=True).text
    assert "Go back to the previous token?" in paula.get(f"{PAGE}back/").text
    page = go_back(paula)
    assert "The previous token is in service again." in page
    assert "An earlier token was taken again." in page
    account = WhatsAppBusinessAccount.objects.get()
    assert account.access_token == demo.ACCESS_TOKEN
    assert account.is_sending


def refused_after_promotion(paula):
    paste(paula)
    promote(paula)
    accounts.stop_sending(WhatsAppBusinessAccount.objects.get(), code=190)


def test_nobody_is_led_back_to_a_token_that_meta_refused_too(paula, token_meta):
    refused_after_promotion(paula)
    token_meta.tokens[demo.ACCESS_TOKEN] = dead(463)
    page = go_back(paula)
    assert "Meta does not accept this token. It has expired." in page
    assert "Go back" not in page
    assert "Meta refuses it, so sending has stopped. Paste another one." in page
    assert states(page)[4] == "done"
    assert WhatsAppBusinessAccount.objects.get().previous_token_list == []


@pytest.mark.parametrize("said", [dead(459), said_of(scopes=[])])
def test_a_previous_token_that_may_work_again_stays_kept(paula, token_meta, said):
    refused_after_promotion(paula)
    token_meta.tokens[demo.ACCESS_TOKEN] = said
    assert "Go back to the previous token…" in go_back(paula)
    token_meta.tokens[demo.ACCESS_TOKEN] = said_of()
    assert "The previous token is in service again." in go_back(paula)


def test_what_is_refused_of_a_paste_is_not_said_of_the_token_in_service(paula, token_meta):
    token_meta.numbers_refusal = 200
    page = paste(paula)
    assert "does not show the account&#x27;s numbers (200). Assign the app" in page
    assert "then generate the token again" in page
    assert "paste it on" not in page.partition("bw-errors")[2]


def test_going_back_twice_from_one_page_goes_back_once(paula, token_meta):
    paste(paula)
    promote(paula)
    shown = shown_on_the_question(paula)
    go_back(paula, shown)
    assert "Another token has been put into service since then." in go_back(paula, shown)
    assert "Another token has been put into service since then." in go_back(paula, [])
    assert WhatsAppBusinessAccount.objects.get().access_token == demo.ACCESS_TOKEN


def test_a_bad_token_pasted_beside_a_good_one_is_refused_and_the_good_one_named(paula, token_meta):
    paste(paula)
    waiting = TokenRotation.objects.get()
    token_meta.tokens["EAAbad"] = dead()
    page = paste(paula, "EAAbad")
    assert "Meta does not accept this token. It has expired." in page
    assert "Here still waits the token" in page
    assert f"The token <code>{waiting.fingerprint}</code> is good." in page
    assert states(page) == ["done", "done", "next", "later", "later"]
    assert TokenRotation.objects.candidates().get() == waiting


def test_a_good_token_that_ends_soon_is_taken_with_a_warning(paula, token_meta):
    token_meta.tokens[NEW] = said_of(
        timedelta(days=60), issued_at=timezone.now() - timedelta(days=55)
    )
    page = paste(paula)
    assert "Before that day it has to be changed again" in page
    assert states(page)[1] == "done"
    paula.post(f"{PAGE}discard/", {"rotation": TokenRotation.objects.get().pk})
    token_meta.tokens[NEW] = said_of(timedelta(days=60))
    assert "Before that day it has to be changed again" not in paste(paula)


def test_after_the_grace_there_is_none_to_go_back_to(paula, token_meta):
    assert "No previous token is kept any more." in go_back(paula)
    assert "No previous token is kept any more." in paula.post(f"{PAGE}retire/", follow=True).text


def test_an_old_token_that_meta_still_accepts_shows_red(paula, token_meta):
    paste(paula)
    promote(paula)
    token_meta.ignores_revocation = True
    page = paula.post(f"{PAGE}retire/", follow=True).text
    assert "Meta did not say that the old token is dead." in page
    assert states(page)[4] == "still accepted"


def test_no_page_tells_a_token(paula, token_meta):
    pages = paste(paula) + promote(paula) + paula.get(PAGE).text
    for rotation in TokenRotation.objects.all():
        pages += paula.get(f"/admin/messaging/tokenrotation/{rotation.pk}/change/").text
    pages += paula.get("/admin/messaging/tokenrotation/").text
    for secret in (NEW, demo.ACCESS_TOKEN, demo.APP_SECRET):
        assert secret not in pages


# --- Who may -------------------------------------------------------------------------------------


def staff_with(*permissions: str) -> Client:
    """Somebody of the staff, in English, with these rights of messaging's and none else."""
    person = User.objects.create(username="-".join(permissions) or "trainee", is_staff=True)
    person.user_permissions.set(
        Permission.objects.filter(content_type__app_label="messaging", codename__in=permissions)
    )
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def test_nobody_outside_the_staff_gets_there(account):
    owner = Client()
    owner.force_login(MembershipFactory().user)
    for client in (Client(), owner):
        for address in (PAGE, *(f"{PAGE}{action}/" for action in ACTIONS)):
            assert client.post(address).status_code == 302
            assert client.get(address).status_code == 302


def test_staff_without_the_right_are_refused_each_action(account):
    client = staff_with()
    for address in (PAGE, *(f"{PAGE}{action}/" for action in ACTIONS)):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403


def test_support_sees_the_state_only(sonia, paula, token_meta):
    paste(paula)
    assert states(sonia.get(PAGE).text) == ["done", "done", "next", "later", "later"]
    assert sonia.post(PAGE, {"token": NEW}).status_code == 403
    for action in ACTIONS:
        assert sonia.post(f"{PAGE}{action}/").status_code == 403


def test_who_may_only_view_sees_the_state_and_nothing_of_the_token(paula, token_meta):
    paste(paula)
    promote(paula)
    viewer = staff_with("view_tokenrotation")
    page = viewer.get(PAGE).text
    assert states(page) == ["done", "done", "done", "running", "later"]
    for rotation in TokenRotation.objects.all():
        assert rotation.fingerprint not in page
        assert rotation.old_fingerprint not in page
    assert "whatsapp_business_messaging" not in page
    assert 'class="bw-button ' not in page
    assert viewer.post(PAGE, {"token": NEW}).status_code == 403
    for action in ACTIONS:
        assert viewer.post(f"{PAGE}{action}/").status_code == 403


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("verify_token", {"discard"}),
        ("promote_token", {"promote"}),
        ("return_token", {"back"}),
        ("retire_token", {"retire"}),
    ],
)
def test_each_action_has_a_right_of_its_own(account, permission, allowed):
    client = staff_with("view_tokenrotation", permission)
    done = {action for action in ACTIONS if client.post(f"{PAGE}{action}/").status_code == 302}
    assert done == allowed


@pytest.mark.parametrize("action", ["promote", "discard"])
def test_a_link_changes_nothing(paula, account, action):
    assert paula.get(f"{PAGE}{action}/").status_code == 405


@pytest.mark.parametrize("given", ["", "x", "٣", "9" * 30, "-1"])
def test_a_form_that_is_none_of_ours_is_no_candidate(paula, account, given):
    page = paula.post(f"{PAGE}promote/", {"rotation": given}, follow=True).text
    assert "The pasted token is no longer there" in page


def test_the_grace_shows_its_end(paula, token_meta):
    paste(paula)
    promote(paula)
    WhatsAppBusinessAccount.objects.update(previous_token_until=timezone.now())
    assert states(paula.get(PAGE).text)[3] == "over"


# --- Troubleshooting -----------------------------------------------------------------------------
def test_the_guides_troubleshooting_stands_beside_a_refused_token(paula, token_meta):
    help_ = "Troubleshooting: “Invalid OAuth access token”"
    token_meta.tokens[NEW] = dead(463)
    assert help_ not in paula.get(PAGE).text
    assert help_ in paste(paula)
    token_meta.tokens[NEW] = said_of()
    assert help_ not in paste(paula)
    # Also beside the error while another token waits.
    assert help_ in paste(paula, "EAAanotherInventedToken99")


def test_it_stands_there_while_meta_refuses_the_token_in_service(paula, token_meta, account):
    accounts.stop_sending(account, code=190)
    assert "Troubleshooting: “Invalid OAuth access token”" in paula.get(PAGE).text
