from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Permission
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tenants.models import AssignmentRound, PhoneNumber, PhoneNumberAssignment, User
from tenants.services.assignments import assign_number
from tenants.services.number_use import NumberCap, NumberUse
from tests.factories import (
    AssignmentFactory,
    DefaultNumberFactory,
    MembershipFactory,
    PhoneNumberFactory,
    StaffFactory,
    TenantFactory,
)

BOARD = "/admin/tenants/phonenumberassignment/board/"
RIGHTS = ("add_phonenumberassignment", "change_phonenumberassignment")
SHOWN = "+34\u00a0612\u00a0345\u00a0679"


@pytest.fixture
def goiko(db):
    return TenantFactory.create(name="Panadería Goiko", slug="goiko")


@pytest.fixture
def artesano(db):
    return TenantFactory.create(name="Bakery Artesano", slug="artesano")


@pytest.fixture
def default(db):
    return DefaultNumberFactory.create()


@pytest.fixture
def spare(db):
    return PhoneNumberFactory.create(display_phone_number="+34612345679", verified_name="Goiko")


def member_of_staff(*codenames, name="trainee"):
    user = User.objects.create(username=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def bruno(db):
    """The browser of another admin."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(StaffFactory.create(username="bruno"))
    return client


def text_of(answer):
    """The page as it is read: without markup, with single spaces."""
    bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return " ".join(html.unescape(bare).replace("\u00a0", "~").split()).replace("~", "\u00a0")


def row_of(answer, tenant):
    """The markup of one bakery's row."""
    found = re.search(rf'<li class="bw-assign" id="bakery-{tenant.pk}".*?</li>', answer.text, re.S)
    assert found is not None
    return found[0]


def state_of(answer, tenant):
    found = re.search(r'data-state="(\w+)"', row_of(answer, tenant))
    return found and found[1]


def chosen(answer, tenant):
    """The value the select would send."""
    row = row_of(answer, tenant)
    found = re.search(r"<option selected[^>]*value=\"(\w+)\"", row) or re.search(
        r"<option value=\"(\w+)\"[^>]*selected", row
    )
    return found[1] if found else "none"


def fields(answer, **choices):
    """The form as a browser would send it, with some choices (by short name) changed."""
    sent = {}
    for pk, seen in re.findall(r'name="number-([0-9a-f-]{36})-(\d+)"', answer.text):
        tenant = SimpleNamespace(pk=pk)
        sent[f"number-{pk}-{seen}"] = chosen(answer, tenant)
    for tenant, number in choices.values():
        name = next(name for name in sent if str(tenant.pk) in name)
        sent[name] = str(number.pk) if number else "none"
    return sent


def press(client, button, *pairs, page=None, **more):
    sent = fields(page or client.get(BOARD), **{str(n): pair for n, pair in enumerate(pairs)})
    return client.post(BOARD, {**sent, "do": button, **more}, follow=True)


# --- What it shows -----------------------------------------------------------------------------------


def test_the_board_shows_all_bakeries_and_numbers_those_without_a_number_first(
    paula, goiko, artesano, default, spare
):
    MembershipFactory.create(tenant=goiko, user__first_name="Iker", user__last_name="Goikoetxea")
    assign_number(tenant=artesano, phone_number=PhoneNumberFactory.create(), by="bruno")
    page = paula.get(BOARD)
    text = text_of(page)
    assert "3 numbers 1 with a bakery 1 spare default number +34\u00a0612\u00a0345\u00a0678 cap unknown never synced" in text  # fmt: skip
    assert text.index("Panadería Goiko Iker Goikoetxea") < text.index("Bakery Artesano")
    assert (state_of(page, goiko), state_of(page, artesano)) == ("none", "assigned")
    assert "uses the default number" in row_of(page, goiko)
    assert "bruno" in row_of(page, artesano)


def test_the_strip_says_how_many_of_metas_cap_are_used_and_since_when_that_is_known():
    at = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    use = NumberUse(numbers=[PhoneNumber()] * 10, used=7, cap=NumberCap(20, at))
    with translation.override("en"):
        shown = render_to_string("admin/tenants/_number_facts.html", {"use": use})
    assert "10 of 20 numbers used" in shown
    assert "7 with a bakery" in shown
    assert "cap read from Meta <time" in shown
    assert "cap unknown" not in shown


def test_numbers_that_cannot_be_given_are_grey_and_say_why(paula, goiko, default):
    for facts in (
        {"name_status": "PENDING_REVIEW"},
        {"status": "PENDING"},
        {"code_verification_status": "NOT_VERIFIED"},
        {"platform_type": "NOT_APPLICABLE"},
    ):
        PhoneNumberFactory.create(**facts)
    red = PhoneNumberFactory.create(quality_rating="RED")
    row = row_of(paula.get(BOARD), goiko)
    for words in (
        "reserved as the default number",
        "display name in review",
        "not connected (PENDING)",
        "not verified by SMS or call",
        "not registered, its PIN is not set",
    ):
        assert re.search(rf"disabled>[^<]*{re.escape(words)}</option>", row), words
    assert re.search(rf'value="{red.pk}"[^>]*>[^<]*quality RED</option>', row)
    assert not re.search(rf'value="{red.pk}"[^>]*disabled', row)


def test_a_number_of_another_bakery_says_whose_it_is(paula, goiko, artesano, spare):
    assign_number(tenant=artesano, phone_number=spare, by="bruno")
    row = row_of(paula.get(BOARD), goiko)
    assert re.search(r"Goiko · Bakery Artesano since \d\d:\d\d</option>", row)


def test_without_bakeries_and_numbers_the_board_says_what_to_do(paula):
    text = text_of(paula.get(BOARD))
    assert "There is no bakery yet." in text
    assert "There is no number yet. Add numbers at Meta, then sync." in text


def test_the_board_takes_the_same_queries_for_ten_bakeries_and_for_a_hundred(
    paula, default, django_assert_num_queries
):
    for count in (10, 90):
        for row in AssignmentFactory.create_batch(count):
            MembershipFactory.create(tenant=row.tenant)
        PhoneNumberFactory.create_batch(3)
        with django_assert_num_queries(14):  # two of them the rights of the role
            assert paula.get(BOARD).status_code == 200


# --- Who may ---------------------------------------------------------------------------------------


def test_nobody_else_sees_or_changes_the_board(goiko, spare):
    owner = Client()
    owner.force_login(MembershipFactory.create(tenant=goiko).user)
    sent = {f"number-{goiko.pk}-0": spare.pk, "do": "save"}
    for client in (Client(), owner):
        for answer in (client.get(BOARD), client.post(BOARD, sent)):
            assert answer.status_code == 302
            assert answer.headers["location"].startswith(("/admin/login/", "/login"))
    assert not PhoneNumberAssignment.objects.exists()


def test_staff_without_any_right_are_refused(goiko, spare):
    client = member_of_staff()
    assert client.get(BOARD).status_code == 403
    assert client.post(BOARD, {"do": "save"}).status_code == 403


@pytest.mark.parametrize("right", ["view_phonenumberassignment", *RIGHTS])
def test_whoever_may_only_look_sees_no_choice_and_saves_nothing(goiko, spare, right):
    client = member_of_staff("view_phonenumberassignment", right)
    page = client.get(BOARD)
    assert "Panadería Goiko" in page.text
    for word in ("<select", "Save all", "Propose all", "Paste list", "Sync from Meta"):
        assert word not in page.text
    sent = {f"number-{goiko.pk}-0": spare.pk, "do": "save"}
    assert client.post(BOARD, sent).status_code == 403
    assert not PhoneNumberAssignment.objects.exists()


def test_with_both_rights_a_member_of_staff_assigns(goiko, spare):
    client = member_of_staff("view_phonenumberassignment", *RIGHTS)
    press(client, "save", (goiko, spare))
    assert goiko.assignments.open().get().assigned_by == "trainee"


def test_undoing_needs_the_same_rights_and_a_button(goiko, spare, paula):
    press(paula, "save", (goiko, spare))
    address = reverse("admin:tenants_phonenumberassignment_undo", args=[AssignmentRound.objects.get().pk])  # fmt: skip
    looker = member_of_staff("view_phonenumberassignment", "change_phonenumberassignment")
    assert looker.post(address).status_code == 403
    assert "Undo" not in text_of(looker.get(BOARD))
    assert paula.get(address).status_code == 405
    assert Client().post(address).status_code == 302
    assert goiko.assignments.open().exists()


# --- Choosing and saving ------------------------------------------------------------------------------


def test_saving_gives_the_number_shows_a_check_mark_and_keeps_who_and_why(paula, goiko, spare):
    page = press(paula, "save", (goiko, spare), reason=" pilot ")
    assert "✓ 1 bakery changed." in text_of(page)
    assert state_of(page, goiko) == "saved"
    assert "check_circle" in row_of(page, goiko)
    row = PhoneNumberAssignment.objects.get()
    assert (row.tenant, row.phone_number) == (goiko, spare)
    assert (row.assigned_by, row.reason) == ("paula", "pilot")


def test_unchanged_rows_are_left_alone_also_when_somebody_else_changed_them(
    paula, bruno, goiko, artesano, spare
):
    page = paula.get(BOARD)
    press(bruno, "save", (artesano, PhoneNumberFactory.create()))
    press(paula, "save", (goiko, spare), page=page)
    assert PhoneNumberAssignment.objects.open().count() == 2
    assert artesano.assignments.get().assigned_by == "bruno"


def test_the_second_of_two_admins_sees_who_took_the_number_and_keeps_the_other_choices(
    paula, bruno, goiko, artesano, spare
):
    third, other = TenantFactory.create(name="Forn Roser"), PhoneNumberFactory.create()
    page = paula.get(BOARD)
    press(bruno, "save", (artesano, spare))
    answer = press(paula, "save", (goiko, spare), (third, other), page=page, reason="mine")
    assert "Nothing was saved: look at the rows in red." in text_of(answer)
    assert re.search(r"already with Bakery Artesano since \d\d:\d\d, given by bruno", answer.text)
    assert (state_of(answer, goiko), state_of(answer, third)) == ("conflict", "changed")
    assert (chosen(answer, goiko), chosen(answer, third)) == (str(spare.pk), str(other.pk))
    assert 'value="mine"' in answer.text
    assert "2 changes · 1 conflict" in text_of(answer)
    assert PhoneNumberAssignment.objects.count() == 1


def test_a_bakery_that_somebody_changed_meanwhile_is_shown_and_can_be_saved_again(
    paula, bruno, goiko, spare
):
    page = paula.get(BOARD)
    press(bruno, "save", (goiko, PhoneNumberFactory.create(display_phone_number="+34612345999")))
    answer = press(paula, "save", (goiko, spare), page=page)
    problem = html.unescape(row_of(answer, goiko))
    assert "bruno gave it +34\u00a0612\u00a0345\u00a0999 meanwhile" in problem
    assert chosen(answer, goiko) == str(spare.pk)
    press(paula, "save", page=answer)
    assert goiko.assignments.open().get().phone_number == spare


def test_a_number_that_was_taken_away_meanwhile_is_said(paula, bruno, goiko, spare):
    assign_number(tenant=goiko, phone_number=PhoneNumberFactory.create(), by="paula")
    page = paula.get(BOARD)
    press(bruno, "save", (goiko, None))
    answer = press(paula, "save", (goiko, spare), page=page)
    assert "Somebody took its number away meanwhile." in row_of(answer, goiko)


def test_saving_nothing_says_so(paula, goiko, spare):
    assert "Nothing to save" in text_of(press(paula, "save"))
    assert not AssignmentRound.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number-x-0", "1"),
        ("number-00000000-0000-0000-0000-000000000001-0", "x"),
        ("number-------------------------------------0", "1"),
        (f"number-00000000-0000-0000-0000-000000000001-{'9' * 30}", "1"),
    ],
)
def test_a_field_that_is_none_of_ours_changes_nothing(paula, goiko, spare, name, value):
    assert paula.post(BOARD, {name: value, "do": "save"}).status_code == 302
    assert not PhoneNumberAssignment.objects.exists()


@pytest.mark.parametrize("number", ["1", "9" * 18])
def test_an_unknown_bakery_or_number_is_refused(paula, goiko, spare, number):
    unknown = {"number-00000000-0000-0000-0000-000000000001-0": str(spare.pk)}
    for sent in (unknown, {f"number-{goiko.pk}-0": number}, {f"number-{goiko.pk}-77": "none"}):
        paula.post(BOARD, {**sent, "do": "save"})
    assert not PhoneNumberAssignment.objects.exists()


def test_a_number_that_cannot_be_given_is_refused_also_when_it_is_sent(paula, goiko, default):
    answer = press(paula, "save", (goiko, default))
    assert "cannot be given now: reserved as the default number" in row_of(answer, goiko)


def test_reviewing_lists_the_changes_and_saves_nothing(paula, goiko, artesano, spare):
    assign_number(tenant=artesano, phone_number=PhoneNumberFactory.create(display_phone_number="+34612345999"), by="x")  # fmt: skip
    answer = press(paula, "review", (goiko, spare), (artesano, None))
    text = text_of(answer)
    assert "What would be saved" in text
    assert f"Panadería Goiko : no number of its own → {SHOWN}" in text
    assert "Bakery Artesano : +34\u00a0612\u00a0345\u00a0999 → no number of its own" in text
    assert "2 changes · 0 conflicts" in text
    assert goiko.assignments.count() == 0
    press(paula, "save", page=answer)
    assert goiko.assignments.open().get().phone_number == spare


def test_reviewing_nothing_says_so(paula, goiko):
    assert "Nothing: every bakery keeps what it has." in text_of(press(paula, "review"))


def test_a_conflict_offers_a_swap_that_is_saved_in_one_go(paula, goiko, artesano):
    one = AssignmentFactory.create(tenant=goiko)
    other = AssignmentFactory.create(tenant=artesano)
    answer = press(paula, "review", (goiko, other.phone_number))
    assert "Swap with Bakery Artesano" in row_of(answer, goiko)
    answer = press(paula, f"swap-{goiko.pk}", page=answer)
    assert "2 changes · 0 conflicts" in text_of(answer)
    assert chosen(answer, artesano) == str(one.phone_number.pk)
    press(paula, "save", page=answer)
    assert goiko.assignments.open().get().phone_number == other.phone_number
    assert artesano.assignments.open().get().phone_number == one.phone_number


def test_a_bakery_without_a_number_takes_anothers(paula, goiko, artesano, spare):
    assign_number(tenant=artesano, phone_number=spare, by="x")
    answer = press(paula, "review", (goiko, spare))
    assert "Take it from Bakery Artesano" in row_of(answer, goiko)
    press(paula, "save", page=press(paula, f"swap-{goiko.pk}", page=answer))
    assert goiko.assignments.open().get().phone_number == spare
    assert not artesano.assignments.open().exists()


def test_a_swap_without_a_conflict_changes_no_choice(paula, goiko, spare):
    answer = press(paula, f"swap-{goiko.pk}", (goiko, spare))
    assert chosen(answer, goiko) == str(spare.pk)
    assert "1 change · 0 conflicts" in text_of(answer)


# --- Proposing and pasting ----------------------------------------------------------------------------


def test_proposing_fills_in_what_fits_and_keeps_what_was_chosen(paula, goiko, artesano, default, spare):  # fmt: skip
    roser = TenantFactory.create(name="Forn Roser")
    other = PhoneNumberFactory.create(verified_name="Roser")
    PhoneNumberFactory.create(verified_name="Bakery Artesano", name_status="DECLINED")
    third = PhoneNumberFactory.create()
    answer = press(paula, "propose", (roser, third))
    assert "2 numbers proposed. Look at them, then save." in text_of(answer)
    assert chosen(answer, goiko) == str(spare.pk)
    assert chosen(answer, roser) == str(third.pk)
    assert chosen(answer, artesano) == str(other.pk)
    assert "3 changes · 0 conflicts" in text_of(answer)
    assert not PhoneNumberAssignment.objects.exists()


def test_a_number_that_a_choice_sets_free_is_proposed_too(paula, goiko, artesano, spare):
    assign_number(tenant=artesano, phone_number=spare, by="x")
    answer = press(paula, "propose", (artesano, None))
    assert chosen(answer, goiko) == str(spare.pk)


def test_without_a_number_to_give_nothing_is_proposed(paula, goiko, default):
    assert "Nothing to propose" in text_of(press(paula, "propose"))


def test_a_pasted_list_fills_in_its_good_lines_and_explains_the_others(
    paula, goiko, artesano, default, spare
):
    pasted = "Panadería Goiko → +34 612 345 679\nBakery Artesano → +34 612 345 678\nGoikko: 612345679\n\n... (7 more)"  # fmt: skip
    answer = press(paula, "paste", pasted=pasted)
    text = text_of(answer)
    assert "1 line taken over." in text
    assert chosen(answer, goiko) == str(spare.pk)
    assert state_of(answer, goiko) == "changed"
    assert "This number cannot be given now: reserved as the default number." in text
    assert "No bakery has this name. Did you mean Panadería Goiko?" in text
    assert "Line 2" in text
    assert "(7 more)" in text, "the list stays, to be corrected"
    assert not PhoneNumberAssignment.objects.exists()


def test_a_pasted_number_that_another_bakery_has_is_a_conflict_on_the_board(
    paula, goiko, artesano, spare
):
    assign_number(tenant=artesano, phone_number=spare, by="bruno")
    answer = press(paula, "paste", pasted="goiko -> 612345679")
    assert "already with Bakery Artesano" in row_of(answer, goiko)
    assert "1 change · 1 conflict" in text_of(answer)


def test_a_pasted_line_that_changes_nothing_is_no_change(paula, goiko, spare):
    assign_number(tenant=goiko, phone_number=spare, by="x")
    answer = press(paula, "paste", pasted="goiko -> 612345679")
    assert "0 changes · 0 conflicts" in text_of(answer)


def test_lines_that_contradict_each_other_name_each_other(paula, goiko, artesano, spare):
    answer = press(paula, "paste", pasted="goiko -> 612345679\nartesano -> 612345679")
    text = text_of(answer)
    assert "Line 2 gives the same number to another bakery." in text
    assert "Line 1 gives the same number to another bakery." in text
    twice = press(paula, "paste", pasted="goiko -> 612345679\ngoiko -> 612345")
    assert "We have no such number." in text_of(twice)


def test_a_list_that_is_too_long_is_refused(paula, goiko):
    answer = press(paula, "paste", pasted="x\n" * 1001)
    assert "The list has more than 1,000 lines. Paste it in parts." in text_of(answer)


def test_what_is_pasted_comes_back_harmless(paula, goiko):
    answer = press(paula, "paste", pasted="<script>alert(1)</script> → 1")
    assert "<script>alert(1)" not in answer.text


# --- Undo and history ---------------------------------------------------------------------------------


def undo_button(page):
    found = re.search(r'action="([^"]+/undo/\d+/)"', page.text)
    assert found is not None
    return found[1]


def test_one_click_takes_a_saving_back(paula, goiko, artesano, spare):
    before = AssignmentFactory.create(tenant=artesano).phone_number
    page = press(paula, "save", (goiko, spare), (artesano, None))
    assert "2 bakeries changed by paula" in text_of(page)
    page = paula.post(undo_button(page), follow=True)
    assert "Undone: 2 bakeries have what they had before." in text_of(page)
    assert not goiko.assignments.open().exists()
    assert artesano.assignments.open().get().phone_number == before
    assert "/undo/" not in page.text


def test_an_undo_that_would_overwrite_somebody_is_refused_with_the_name(paula, goiko, spare):
    page = press(paula, "save", (goiko, spare))
    other = PhoneNumberFactory.create(display_phone_number="+34612345999")
    assign_number(tenant=goiko, phone_number=other, by="bruno")
    text = text_of(paula.post(undo_button(page), follow=True))
    assert "Not undone. Somebody has changed these numbers since: Panadería Goiko: bruno gave it +34\u00a0612\u00a0345\u00a0999" in text  # fmt: skip
    assert goiko.assignments.open().get().phone_number == other


def test_an_old_round_offers_no_undo_and_refuses_it(paula, goiko, spare, time_machine):
    time_machine.move_to("2026-11-22 10:00:00+00:00", tick=False)
    page = press(paula, "save", (goiko, spare))
    time_machine.move_to("2026-11-22 10:10:00+00:00", tick=False)
    assert "/undo/" not in paula.get(BOARD).text
    answer = paula.post(undo_button(page), follow=True)
    assert "It is more than 10 minutes ago." in text_of(answer)


def test_an_unknown_round_is_not_found(paula):
    address = reverse("admin:tenants_phonenumberassignment_undo", args=[77])
    assert paula.post(address).status_code == 404
    assert paula.get(BOARD, {"saved": "77"}).status_code == 200
    assert paula.get(BOARD, {"saved": "x"}).status_code == 200


def test_the_history_of_bakery_number_and_round_is_linked_and_tells_who_when_and_why(
    paula, goiko, spare
):
    press(paula, "save", (goiko, spare), reason="pilot")
    press(paula, "save", (goiko, None), reason="moved away")
    AssignmentFactory.create(tenant__name="Horno San Blas")
    page = paula.get(BOARD).text
    links = [
        html.unescape(link)
        for link in re.findall(r'href="([^"]+__id__exact=[^"]+)"', page)
        if f"tenant__id__exact={goiko.pk}" in link or f"phone_number__id__exact={spare.pk}" in link
    ]
    assert len(links) == 2
    for link in links:
        history = text_of(paula.get(link))
        assert "pilot" in history
        assert "moved away" in history
        assert "Horno San Blas" not in history


def test_a_round_shows_what_it_gave_and_took_to_whoever_may_look(paula, goiko, artesano, spare):
    assign_number(tenant=artesano, phone_number=PhoneNumberFactory.create(), by="x")
    page = press(paula, "save", (goiko, spare), (artesano, None), reason="pilot")
    looker = member_of_staff("view_phonenumberassignment")
    shown = looker.get(
        reverse("admin:tenants_assignmentround_change", args=[page.context["rounds"][0].pk])
    )
    text = text_of(shown)
    assert "2 bakeries, paula" in text
    given, taken = text.index("Numbers given"), text.index("Numbers taken away")
    assert (
        given < text.index("Panadería Goiko", given) < taken < text.index("Bakery Artesano", given)
    )
    assert "pilot" in text_of(looker.get(reverse("admin:tenants_assignmentround_changelist")))
    stranger = member_of_staff(name="stranger")
    assert stranger.get(reverse("admin:tenants_assignmentround_changelist")).status_code == 403


def test_a_number_of_a_bakery_that_went_bad_keeps_its_place_and_its_reason(paula, goiko, spare):
    assign_number(tenant=goiko, phone_number=spare, by="x")
    PhoneNumber.objects.filter(pk=spare.pk).update(status="RESTRICTED")
    page = paula.get(BOARD)
    assert chosen(page, goiko) == str(spare.pk)
    assert "not connected (RESTRICTED)" in row_of(page, goiko)
    assert "Nothing to save" in text_of(press(paula, "save"))


# --- What a select has no room for -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "words", "tone"),
    [
        ({"quality_rating": "RED"}, "quality RED", "bad"),
        ({"quality_rating": "YELLOW"}, "quality YELLOW", "caution"),
        ({"code_verification_status": "NOT_VERIFIED"}, "not verified by SMS or call", "bad"),
        ({"sending_stopped_at": datetime(2026, 11, 1, tzinfo=UTC)}, "stopped by an error", "bad"),
    ],
)
def test_a_bakery_whose_number_is_in_trouble_says_so_in_words(paula, goiko, trouble, words, tone):
    held = AssignmentFactory.create(tenant=goiko)
    PhoneNumber.objects.filter(pk=held.phone_number_id).update(**trouble)
    row = row_of(paula.get(BOARD), goiko)
    assert f"<span data-words>{words}</span>" in row
    assert re.search(rf'data-when="assigned"><span class="bw-badge bw-badge--{tone}"', row)


def test_a_bakery_whose_number_is_fine_has_a_green_tick_and_no_warning(paula, goiko):
    AssignmentFactory.create(tenant=goiko)
    row = row_of(paula.get(BOARD), goiko)
    assert "data-warning hidden" in row
    assert 'data-when="assigned"><span class="bw-badge bw-badge--good"' in row


def test_a_chip_says_what_meta_says_of_name_and_registration_and_marks_free_numbers(paula):
    PhoneNumberFactory.create(
        display_phone_number="+15550123456", name_status="APPROVED", status="CONNECTED"
    )
    text = text_of(paula.get(BOARD))
    assert "Name: APPROVED · Registration: CONNECTED" in text
    assert "free number of Meta's" in text
    assert "cannot move to another account" in text
