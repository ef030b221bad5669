"""A number's page and what brings it into service, for staff, for staff without the right, for everybody else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import Message
from tenants.models import NumberSetup, PhoneNumber, User
from tests.factories import (
    AssignmentFactory,
    MembershipFactory,
    PhoneNumberFactory,
    TemplateFactory,
)
from tests.messaging.conftest import GRAPH
from tests.messaging.graph_api.test_number_calls import BLOCKED
from tests.messaging.services.test_syncing import NUMBERS_URL, number_row

PAGES = ["code", "register", "test"]


@pytest.fixture
def number(db) -> PhoneNumber:
    return PhoneNumberFactory.create(
        phone_number_id="1", code_verification_status="NOT_VERIFIED", status="PENDING"
    )


def address(page: str, number: PhoneNumber) -> str:
    return reverse(f"admin:tenants_phonenumber_{page}", args=(number.pk,))


def change_page(paula: Client, number: PhoneNumber) -> str:
    return str(paula.get(address("change", number)).text)


@pytest.mark.parametrize("page", PAGES)
def test_only_who_may_change_numbers_sets_them_up(number, page):
    trainee = User.objects.create(username="trainee", is_staff=True)
    trainee.user_permissions.add(Permission.objects.get(codename="view_phonenumber"))
    owner = MembershipFactory.create().user
    for person, status in ((None, 302), (owner, 302), (trainee, 403)):
        client = Client()
        if person:
            client.force_login(person)
        assert client.get(address(page, number)).status_code == status
        assert client.post(address(page, number), {"code": "123456"}).status_code == status
    assert "Register…" not in _as(trainee, number)


def _as(person: User, number: PhoneNumber) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return str(client.get(address("change", number)).text)


def test_a_new_number_is_verified_registered_and_tried_from_its_page(paula, meta, number, broker):
    assert "Verify with a code…" in change_page(paula, number)
    meta.mock.post(f"{GRAPH}/1/request_code", json={"success": True})
    asked = paula.post(address("code", number), {"method": "VOICE"}, follow=True).text
    assert "Meta sends the code." in asked
    assert "Meta was asked for a code at" in asked

    meta.mock.post(f"{GRAPH}/1/verify_code", json={"success": True})
    verified = number_row("1", code_verification_status="VERIFIED", status="PENDING")
    meta.mock.get(NUMBERS_URL, json={"data": [verified]})
    answer = paula.post(address("code", number), {"code": "123-456"}, follow=True).text
    assert "The number is verified. Register it next." in answer
    assert "Verify with a code…" not in answer

    meta.mock.post(f"{GRAPH}/1/register", json={"success": True})
    meta.mock.replace("GET", NUMBERS_URL, json={"data": [verified | {"status": "CONNECTED"}]})
    answer = paula.post(address("register", number), {"pin": ""}, follow=True).text
    assert "The number is registered." in answer
    assert NumberSetup.objects.get().pin not in answer
    assert "Send a test…" in answer

    AssignmentFactory(phone_number=number)
    sent = paula.post(
        address("test", number),
        {"to": "600 000 101", "template": TemplateFactory().pk},
        follow=True,
    )
    assert "Here you see whether it arrives." in sent.text
    assert Message.objects.get().requested_by == "admin:paula"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"code": "12345"}, "Six digits."),
        ({"code": ""}, "This field is required."),
        ({"method": "EMAIL"}, "Select a valid choice."),
    ],
)
def test_what_is_no_code_never_reaches_meta(paula, meta, number, form, said):
    assert said in paula.post(address("code", number), form).text
    assert len(meta.mock.calls) == 0


def test_what_meta_refuses_is_said_with_what_to_do(paula, meta, number):
    meta.mock.post(f"{GRAPH}/1/verify_code", status=400, json={"error": {"code": 136025}})
    page = paula.post(address("code", number), {"code": "000000"}).text
    assert "(136025)" in page
    number.refresh_from_db()
    assert number.code_verification_status == "NOT_VERIFIED"


HTML = {"status": 502, "body": "<html>Bad gateway</html>"}
BUSY = {"status": 503, "json": {"error": {"code": 2, "message": "down"}}}


@pytest.mark.parametrize(
    ("page", "edge", "form", "if_unanswered"),
    [
        ("code", "request_code", {"method": "SMS"}, "whether the code is on its way"),
        ("code", "verify_code", {"code": "123456"}, "whether it took the code"),
        ("register", "register", {"pin": ""}, "look whether this one is registered"),
    ],
)
def test_while_meta_is_down_no_call_about_a_number_speaks_of_a_message(
    paula, meta, number, broker, page, edge, form, if_unanswered
):
    meta.mock.post(f"{GRAPH}/1/{edge}", **HTML)
    unanswered = paula.post(address(page, number), form).text
    assert if_unanswered in unanswered
    meta.mock.replace("POST", f"{GRAPH}/1/{edge}", **BUSY)
    busy = paula.post(address(page, number), form).text
    assert "Try it again in some minutes." in busy
    assert if_unanswered not in busy
    for text in (unanswered, busy):
        assert "the message" not in text
        assert "the recipient" not in text


@pytest.mark.parametrize("page", ["phonenumber", "phonenumberassignment"])
@pytest.mark.parametrize("answer", [HTML, BUSY])
def test_numbers_that_cannot_be_read_are_read_again_and_no_recipient_is_asked(
    paula, meta, number, broker, page, answer
):
    meta.mock.get(NUMBERS_URL, **answer)
    where = {"phonenumber": "sync/", "phonenumberassignment": "board/"}[page]
    said = paula.post(f"/admin/tenants/{page}/{where}", {"do": "sync"}, follow=True).text
    assert "nothing was changed" in said
    assert "It is read again by itself within the hour" in said
    assert "the message" not in said


def test_a_success_that_cannot_be_read_is_told_as_one(paula, meta, number, broker):
    meta.mock.post(f"{GRAPH}/1/register", json={"success": True})
    meta.mock.get(NUMBERS_URL, **HTML)
    answer = paula.post(address("register", number), {"pin": ""}, follow=True).text
    assert "The number is registered." in answer
    assert "Do not do it again" in answer


def test_a_spare_number_cannot_be_tried_and_the_page_says_why(paula, number):
    form = {"to": "+34600000101", "template": TemplateFactory().pk}
    page = paula.post(address("test", number), form).text
    assert "Assign it first." in page
    assert not Message.objects.exists()


def test_a_test_to_no_phone_number_is_refused_beside_the_field(paula, number):
    form = {"to": "600 00", "template": TemplateFactory().pk}
    assert "This is no phone number." in paula.post(address("test", number), form).text


@pytest.mark.parametrize(("rating", "words"), [("YELLOW", "Meta warns"), ("RED", "(131048)")])
def test_a_low_quality_comes_with_advice(paula, number, rating, words):
    PhoneNumber.objects.update(quality_rating=rating)
    page = change_page(paula, number)
    assert words in page
    assert "Promotion in a UTILITY template" in page


def test_a_good_quality_needs_no_advice(paula, number):
    PhoneNumber.objects.update(quality_rating="GREEN")
    assert "What lowers the quality" not in change_page(paula, number)


def test_the_health_shows_each_part_and_metas_solution(paula, number):
    NumberSetup.objects.create(phone_number=number, health_status=BLOCKED, pin="482913")
    page = change_page(paula, number)
    assert "payment problem" in page
    assert "add a payment method" in page
    assert "482913" not in page


def test_a_number_that_is_gone_at_meta_says_so_and_offers_nothing(paula, number):
    PhoneNumber.objects.update(gone_at=timezone.now())
    page = change_page(paula, number)
    assert "Meta no longer lists this number, since" in page
    for offer in ("Verify with a code…", "Register…", "Send a test…", "Make it the default"):
        assert offer not in page
    listed = paula.get(reverse("admin:tenants_phonenumber_changelist"), {"use": "gone"}).text
    assert "1 no longer at Meta" in listed
    assert f"/{number.pk}/change/" in listed
    spare = paula.get(reverse("admin:tenants_phonenumber_changelist"), {"use": "spare"}).text
    assert f"/{number.pk}/change/" not in spare


def test_a_flagged_number_is_tried_and_one_on_another_platform_registered(paula, number):
    PhoneNumber.objects.update(status="FLAGGED", code_verification_status="VERIFIED")
    flagged = change_page(paula, number)
    assert "Send a test…" in flagged
    assert "Register…" not in flagged
    PhoneNumber.objects.update(status="CONNECTED", platform_type="NOT_APPLICABLE")
    elsewhere = change_page(paula, number)
    assert "Register…" in elsewhere
    assert "Send a test…" not in elsewhere


def test_a_free_number_is_marked_in_the_list(paula, number):
    PhoneNumber.objects.update(display_phone_number="+15550100123")
    page = paula.get(reverse("admin:tenants_phonenumber_changelist")).text
    assert "free number of Meta" in page


def test_the_request_for_more_numbers_is_ready_to_copy(paula, number):
    page = paula.get(reverse("admin:tenants_phonenumber_more")).text
    assert number.account.waba_id in page
    assert "Phone numbers in use: 1" in page


def test_the_request_claims_only_what_the_admin_says(paula, number):
    more = reverse("admin:tenants_phonenumber_more")
    text = paula.get(more).context["text"]
    assert "Phone numbers needed: …" in text
    assert "verification" not in text
    said = {"needed": "12", "is_verified": "on", "reason": "Twelve bakeries."}
    text = paula.get(more, said).context["text"]
    assert "Phone numbers needed: 12\nBusiness verification: complete\n" in text
    assert text.endswith("Twelve bakeries.")


@pytest.mark.parametrize("needed", ["", "0", "x", "1e9"])
def test_a_wrong_count_leaves_the_gap_and_says_why(paula, number, needed):
    page = paula.get(reverse("admin:tenants_phonenumber_more"), {"needed": needed, "reason": "x"})
    assert page.status_code == 200
    assert "Phone numbers needed: …" in page.context["text"]
    assert page.context["form"].errors["needed"]


@pytest.mark.parametrize(
    ("page", "given", "edge"),
    [
        ("code", {"method": "SMS"}, "request_code"),
        ("code", {"code": "123456"}, "verify_code"),
        ("register", {"pin": ""}, "register"),
    ],
)
def test_the_guides_troubleshooting_stands_where_meta_refuses(
    paula, meta, number, page, given, edge
):
    help_ = "Troubleshooting: Phone number verification fails"
    assert help_ not in paula.get(address(page, number)).text
    error = {"error": {"code": 136025, "message": "Already registered"}}
    meta.mock.post(f"{GRAPH}/1/{edge}", status=400, json=error)
    assert help_ in paula.post(address(page, number), given).text
    # What was only written wrongly never came to Meta.
    if page == "code":
        assert help_ not in paula.post(address(page, number), {"code": "12"}).text
