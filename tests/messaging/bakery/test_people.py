"""Who belongs to a bakery: Ana the owner invites, Bruno of the staff sees, Carla of another finds nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from messaging.services import members
from tenants.models import Invitation, Membership, User
from tests.factories import PASSWORD, MembershipFactory, TenantFactory, UserFactory

PEOPLE = "/bakery/goiko/people"
NEW = "diego@elsewhere.example"


def invited(client, email=NEW, role="staff"):
    return client.post(f"{PEOPLE}/invite", {"email": email, "role": role}, follow=True)


def link_in_mail() -> str:
    found = re.findall(r"http://127\.0\.0\.1:8000(/invitation/\S+)", str(mail.outbox[-1].body))
    return str(found[0])


@pytest.fixture
def link(browse, ana) -> str:
    invited(browse(ana))
    return link_in_mail()


JOINING = {"name": "Diego Ruiz", "username": "diego", "password": "an-invented-long-word"}


# --- Inviting --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("es", "Invitación a Panadería Goiko", "invita a ver"),
        ("en", "Invitation to Panadería Goiko", "invites you to see"),
    ],
)
def test_the_owner_invites_and_the_mail_speaks_the_bakerys_language(
    browse, ana, bakery, language, subject, words
):
    bakery.language = language
    bakery.save()
    page = invited(browse(ana)).text
    assert f"The invitation is on its way to {NEW}." in page
    assert re.search(r"The link works until\s*<time", page)
    assert NEW in page
    (message,) = mail.outbox
    assert message.to == [NEW]
    assert message.subject == subject
    assert words in message.body
    assert "text/html" in str(message.message())


def test_the_invited_person_makes_an_account_and_joins(browse, link, bakery):
    client = browse()
    page = client.get(link)
    assert "Invitation to Panadería Goiko" in page.text
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert "no-store" in page.headers["cache-control"]
    assert client.post(link, JOINING).url == "/bakery/goiko"
    assert client.get("/bakery/goiko").status_code == 200
    diego = User.objects.get(username="diego")
    assert (diego.email, diego.get_full_name()) == (NEW, "Diego Ruiz")
    assert not diego.is_staff
    assert Membership.objects.get(user=diego).role == Membership.Role.STAFF


def test_somebody_with_an_account_logs_in_and_joins(browse, link, carla):
    client = browse()
    log_in = re.search(r'href="(/login\?next=[^"]+)"', client.get(link).text)[1]  # type: ignore[index]
    back = client.post(log_in, {"username": "carla", "password": PASSWORD})
    assert back.url == link
    assert "You are logged in as <strong>carla</strong>" in client.get(link).text
    assert client.post(link).url == "/bakery/goiko"
    assert carla.memberships.count() == 2


def test_a_link_works_once(browse, link):
    browse().post(link, JOINING)
    gone = browse().get(link)
    assert gone.status_code == 410
    assert "This link does not work" in gone.text
    assert browse().post(link, {**JOINING, "username": "other"}).status_code == 410
    assert not User.objects.filter(username="other").exists()


def test_a_link_ends_after_seven_days(browse, link, time_machine):
    time_machine.move_to(timezone.now() + timedelta(days=7, seconds=1))
    assert browse().get(link).status_code == 410


def test_a_link_that_was_taken_back_opens_nothing(browse, ana, link):
    pk = Invitation.objects.get().pk
    page = browse(ana).post(f"/bakery/goiko/invitations/{pk}/take-back", follow=True).text
    assert "The invitation is taken back" in page
    assert browse().get(link).status_code == 410


def test_sending_again_makes_the_first_link_worthless(browse, ana, link):
    pk = Invitation.objects.get().pk
    page = browse(ana).post(f"/bakery/goiko/invitations/{pk}/again", follow=True).text
    assert "A new link is on its way" in page
    second = link_in_mail()
    assert second != link
    assert browse().get(link).status_code == 410
    assert browse().get(second).status_code == 200


@pytest.mark.parametrize("token", ["x", "WzEsMV0:1tN:forged", "a" * 300])
def test_a_forged_link_opens_nothing(browse, link, token):
    assert browse().get(f"/invitation/{token}").status_code == 410


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "12345678"}, "password"),
        ({"username": "ana"}, "already exists"),
        ({"username": "not a name!"}, "valid username"),
        ({"name": ""}, "required"),
    ],
)
def test_an_account_that_cannot_be_is_explained_and_the_link_stays(
    browse, ana, link, change, words
):
    page = browse().post(link, {**JOINING, **change})
    assert page.status_code == 200
    assert words in page.text
    assert "an-invented-long-word" not in page.text
    assert browse().post(link, JOINING).status_code == 302


@pytest.mark.parametrize("email", ["", "no address", "a@b"])
def test_an_address_must_be_one(browse, ana, email):
    assert invited(browse(ana), email).status_code == 200
    assert not Invitation.objects.exists()
    assert not mail.outbox


def test_nobody_is_invited_twice_or_who_is_there_already(browse, ana, bruno, link):
    assert "is invited already" in invited(browse(ana), NEW.upper()).text
    assert "has this address" in invited(browse(ana), bruno.email).text
    assert len(mail.outbox) == 1


def test_a_bakery_has_a_limited_number_of_open_invitations(browse, ana, monkeypatch):
    monkeypatch.setattr(members, "MOST_OPEN", 1)
    invited(browse(ana))
    assert "Too many invitations are open." in invited(browse(ana), "x@elsewhere.example").text


def test_a_mail_that_cannot_be_sent_is_told_and_the_invitation_kept(browse, ana, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert "The mail could not be sent." in invited(browse(ana)).text
    assert Invitation.objects.open().count() == 1


# --- Roles, removing, leaving ----------------------------------------------------------------------


def member(user: User) -> Membership:
    return Membership.objects.get(user=user)


@pytest.mark.parametrize(
    ("language", "questions"),
    [
        ("en", ("Make bruno an owner?", "Make bruno staff?")),
        ("es", ("¿Hacer a bruno dueño?", "¿Pasar a bruno a personal?")),
    ],
)
def test_the_owner_makes_somebody_an_owner_and_staff_again_after_being_asked(
    browse, ana, bruno, language, questions
):
    client, address = browse(ana, language=language), f"{PEOPLE}/{member(bruno).pk}/role"
    for role, question in zip(("owner", "staff"), questions, strict=True):
        assert f'href="{address}"' in client.get(PEOPLE).text
        assert question in client.get(address).text
        client.post(address, {"role": role})
        assert member(bruno).role == role


def test_an_owner_who_makes_themselves_staff_is_told_what_that_means(browse, ana, bakery):
    MembershipFactory.create(tenant=bakery)
    page = browse(ana).get(f"{PEOPLE}/{member(ana).pk}/role").text
    assert "This is you: only another owner can make you an owner again." in page


def test_the_last_owner_is_not_offered_to_become_staff(browse, ana, bruno):
    page = browse(ana).get(PEOPLE).text
    assert f"{PEOPLE}/{member(ana).pk}/role" not in page
    assert f"{PEOPLE}/{member(bruno).pk}/role" in page


def test_the_owner_removes_somebody_after_being_asked(browse, ana, bruno):
    client, address = browse(ana), f"{PEOPLE}/{member(bruno).pk}/remove"
    assert "Remove bruno?" in client.get(address).text
    assert "do not belong to the bakery any more" in client.post(address, follow=True).text
    assert browse(bruno).get("/bakery/goiko").status_code == 404
    assert User.objects.filter(username="bruno").exists()


def test_staff_leave_by_themselves(browse, bruno):
    client = browse(bruno)
    assert "Leave Panadería Goiko?" in client.get(f"{PEOPLE}/leave").text
    assert client.post(f"{PEOPLE}/leave").url == "/"
    assert not bruno.memberships.exists()


def test_the_last_owner_stays_and_is_told_what_to_do(browse, ana, bruno):
    client = browse(ana)
    for path, data in (
        (f"{PEOPLE}/leave", {}),
        (f"{PEOPLE}/{member(ana).pk}/role", {"role": "staff"}),
        (f"{PEOPLE}/{member(ana).pk}/remove", {}),
    ):
        page = client.post(path, data, follow=True).text
        assert "Make somebody else the owner first" in page, path
        assert member(ana).role == "owner"
    client.post(f"{PEOPLE}/{member(bruno).pk}/role", {"role": "owner"})
    assert client.post(f"{PEOPLE}/leave").url == "/"


def test_leaving_is_offered_to_whoever_can(browse, ana, bruno, paula):
    why = "You are the only owner, so you cannot leave"
    for person, may, is_told in ((ana, False, True), (bruno, True, False), (paula, False, False)):
        page = browse(person).get(PEOPLE).text
        assert ("Leave this bakery" in page, why in page) == (may, is_told), person.username
    asked = browse(ana).get(f"{PEOPLE}/leave").text
    assert why in asked
    assert "<button" not in asked.split("<main")[1].split("</main>")[0]
    browse(ana).post(f"{PEOPLE}/{member(bruno).pk}/role", {"role": "owner"})
    assert "Leave this bakery" in browse(ana).get(PEOPLE).text


def test_an_owner_who_is_locked_out_does_not_count(browse, ana, bakery):
    MembershipFactory.create(tenant=bakery, user__is_active=False)
    page = browse(ana).post(f"{PEOPLE}/leave", follow=True).text
    assert "Make somebody else the owner first" in page


# --- Who may ---------------------------------------------------------------------------------------


def actions(bruno: User, invitation: Invitation) -> list[tuple[str, dict[str, str]]]:
    return [
        (f"{PEOPLE}/invite", {"email": "x@elsewhere.example", "role": "owner"}),
        (f"{PEOPLE}/{member(bruno).pk}/role", {"role": "owner"}),
        (f"{PEOPLE}/{member(bruno).pk}/remove", {}),
        (f"/bakery/goiko/invitations/{invitation.pk}/again", {}),
        (f"/bakery/goiko/invitations/{invitation.pk}/take-back", {}),
    ]


def unchanged(bruno: User) -> bool:
    return (
        member(bruno).role == "staff"
        and Invitation.objects.open().count() == 1
        and len(mail.outbox) == 1
    )


def test_staff_see_the_list_and_change_nothing(browse, ana, bruno, link):
    client = browse(bruno)
    page = client.get(PEOPLE).text
    assert "ana@bakery.example" in page
    assert NEW not in page
    assert "Invite somebody" not in page
    for path, data in actions(bruno, Invitation.objects.get()):
        answer = client.post(path, data)
        assert answer.status_code == 403, path
        assert "Only the owner of the bakery" in answer.text
    assert unchanged(bruno)


def test_the_owner_of_another_bakery_finds_none_of_it(browse, ana, bruno, carla, link):
    client = browse(carla)
    assert client.get(PEOPLE).status_code == 404
    for path, data in actions(bruno, Invitation.objects.get()):
        assert client.post(path, data).status_code == 404, path
    assert client.post(f"{PEOPLE}/leave").status_code == 404
    assert unchanged(bruno)


def test_ids_of_another_bakery_are_not_found_below_ones_own(browse, bruno, carla, link):
    client, invitation = browse(carla), Invitation.objects.get()
    for path, data in actions(bruno, invitation)[1:]:
        assert client.post(path.replace("goiko", "artesano"), data).status_code == 404, path
    assert unchanged(bruno)


def test_nobody_gets_in_without_a_log_in(browse, bruno, link):
    for path, data in actions(bruno, Invitation.objects.get()):
        assert browse().post(path, data).url.startswith("/login"), path
    assert browse().get(PEOPLE).url == f"/login?next={PEOPLE}"
    assert unchanged(bruno)


def test_the_platform_looks_and_changes_nothing(browse, paula, bruno, link):
    client = browse(paula)
    assert "bruno" in client.get(PEOPLE).text
    for path, data in actions(bruno, Invitation.objects.get()):
        assert client.post(path, data).status_code == 403, path
    assert unchanged(bruno)


def test_a_form_from_elsewhere_is_refused(ana, bakery):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    assert client.post(f"{PEOPLE}/invite", {"email": NEW, "role": "staff"}).status_code == 403


def test_the_page_takes_the_same_queries_for_many_people(
    browse, ana, bakery, django_assert_max_num_queries
):
    for _person in range(10):
        MembershipFactory.create(tenant=bakery, user=UserFactory.create())
    client = browse(ana)
    with django_assert_max_num_queries(14):
        client.get(PEOPLE)


def test_the_page_speaks_spanish(browse, ana):
    page = browse(ana, language="es").get(PEOPLE).text
    assert "Invitar a alguien" in page


def test_two_bakeries_may_invite_the_same_person(browse, ana, link):
    other = TenantFactory.create()
    owner = MembershipFactory.create(tenant=other).user
    members.invite(other, email=NEW, role=Membership.Role.OWNER, by=owner)
    assert Invitation.objects.open().count() == 2


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Staff do the daily work: they see everything, send notices again"),
        ("es", "El personal hace el trabajo diario: lo ve todo, vuelve a enviar avisos"),
    ],
)
@pytest.mark.parametrize("person", ["ana", "bruno"])
def test_everybody_reads_what_staff_may_do(request, browse, person, language, words):
    page = browse(request.getfixturevalue(person), language=language).get(PEOPLE).text
    assert words in page
