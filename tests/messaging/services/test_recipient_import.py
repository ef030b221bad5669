"""A spreadsheet's rows: read in whatever form, judged one by one, taken all or none."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.csv_files import csv_lines
from messaging.models import Recipient
from messaging.services import recipient_import
from messaging.services.recipient_import import (
    FileProblem,
    RowProblem,
    RowsToMendError,
    UnreadableFileError,
    plan_for,
    take,
)
from tenants.models import Tenant
from tests.factories import (
    DefaultNumberFactory,
    MembershipFactory,
    RecipientFactory,
    TenantFactory,
)

pytestmark = pytest.mark.django_db

SPANISH = "Teléfono;Proveedor;Consentimiento;Fecha;Nota\n600 000 101;Harinas Íñigo;por escrito;20/11/2025;€"
ENGLISH = "Phone,Supplier,Consent,Date,Note\n+34600000101,Harinas Íñigo,in writing,2025-11-20,€"


@pytest.fixture
def bakery() -> Tenant:
    tenant: Tenant = TenantFactory.create()
    return tenant


@pytest.fixture
def ana(bakery):
    return MembershipFactory.create(tenant=bakery, user__username="ana").user


def problem_of(bakery, content: bytes) -> FileProblem:
    with pytest.raises(UnreadableFileError) as refused:
        plan_for(bakery, content)
    return refused.value.problem


def problems(bakery, *rows: str, head: str = "Teléfono;Nombre;Consentimiento;Fecha;Nota"):
    plan = plan_for(bakery, "\n".join([head, *rows]).encode())
    return {row.place: row.problems for row in plan.faulty}


@pytest.mark.parametrize(
    "text", [SPANISH, ENGLISH, ENGLISH.replace(",", "\t"), f"\n\n{SPANISH}\n\n"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_file_is_read_in_both_languages_and_every_form_a_spreadsheet_writes(
    bakery, ana, text, encoding
):
    take(bakery, text.encode(encoding), by=ana)
    known = Recipient.objects.get()
    assert (known.phone, known.name, known.note) == ("+34600000101", "Harinas Íñigo", "€")
    consent = (known.consent_how, known.consent_date, known.consent_by)
    assert consent == ("written", date(2025, 11, 20), "ana")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (";Ana", RowProblem.NO_NUMBER),
        ("llamar luego;Ana", RowProblem.NOT_A_NUMBER),
        ("3,46E+10;Ana", RowProblem.SHORTENED_NUMBER),
        (f"600000101;{'x' * 201}", RowProblem.NAME_TOO_LONG),
        (f"600000101;Ana;;;{'x' * 501}", RowProblem.NOTE_TOO_LONG),
        ("600000101;Ana;quizás;2025-11-20", RowProblem.UNKNOWN_CONSENT),
        ("600000101;Ana;por escrito;", RowProblem.CONSENT_WITHOUT_DATE),
        ("600000101;Ana;;2025-11-20", RowProblem.DATE_WITHOUT_CONSENT),
        ("600000101;Ana;por escrito;ayer", RowProblem.NOT_A_DATE),
        ("600000101;Ana;por escrito;2999-01-01", RowProblem.DATE_TO_COME),
    ],
)
def test_each_fault_is_told_with_its_row(bakery, row, problem):
    assert problems(bakery, "600000999;Berta", row) == {3: [problem]}


def test_a_number_that_stands_twice_names_the_first_row(bakery):
    text = "Teléfono\n+551187654321\n600000101\n+5511987654321\n".encode()
    (faulty,) = plan_for(bakery, text).faulty
    assert (faulty.place, faulty.first_row, faulty.problems) == (4, 2, [RowProblem.TWICE])


@pytest.mark.parametrize("head", ["sep=;", '"sep=;"', "SEP=;\r"])
def test_excels_line_about_its_delimiter_is_no_row(bakery, head):
    plan = plan_for(bakery, f"{head}\n{SPANISH}".encode())
    (row,) = plan.rows
    assert (row.place, row.details.name, row.problems) == (2, "Harinas Íñigo", [])


def test_the_number_that_sends_for_the_bakery_is_no_supplier(bakery):
    DefaultNumberFactory.create(display_phone_number="+34612345678")
    assert problems(bakery, "612 345 678;Yo;;;") == {2: [RowProblem.OWN_NUMBER]}


def test_one_faulty_row_keeps_all_out(bakery, ana):
    with pytest.raises(RowsToMendError) as refused:
        take(bakery, b"Phone\n600000101\nnobody\n", by=ana)
    assert [row.place for row in refused.value.plan.faulty] == [3]
    assert not Recipient.objects.exists()


def test_who_is_known_already_is_changed_and_nothing_empty_takes_anything_away(bakery, ana):
    same = RecipientFactory.create(tenant=bakery, phone="+34600000101", name="Ana")
    other = RecipientFactory.create(tenant=bakery, phone="+34600000102", name="Berta", note="am")
    content = b"Phone,Name,Note\n600000101,Ana,\n600000102,Berta Ruiz,\n600000103,Carla,pm\n"
    plan = take(bakery, content, by=ana)
    assert [row.place for row in plan.unchanged] == [2]
    assert [row.place for row in plan.changed] == [3]
    assert [row.place for row in plan.new] == [4]
    other.refresh_from_db()
    same.refresh_from_db()
    assert (same.name, other.name, other.note) == ("Ana", "Berta Ruiz", "am")
    assert Recipient.objects.of(bakery).count() == 3
    assert not take(bakery, content, by=ana).new  # a repeat changes nothing


def test_another_bakerys_recipient_is_none_of_ours(bakery, ana):
    RecipientFactory.create(phone="+34600000101", name="Theirs")
    (row,) = plan_for(bakery, b"Phone\n600000101\n").rows
    assert row.known is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", FileProblem.EMPTY),
        (b"Phone,Name\n\n,,\n", FileProblem.EMPTY),
        (b"Name,Note\nAna,x\n", FileProblem.NO_PHONE_COLUMN),
        (b"PK\x03\x04\x00\x00xl/workbook.xml", FileProblem.NOT_TEXT),
        (b"Phone\n" + b"x" * recipient_import.MAX_BYTES, FileProblem.TOO_BIG),
        (b"Phone\n" + b"1\n" * (recipient_import.MAX_ROWS + 1), FileProblem.TOO_MANY_ROWS),
    ],
    ids=str,
)
def test_a_file_that_is_none_says_why(bakery, content, problem):
    assert problem_of(bakery, content) == problem


def test_what_we_write_for_spreadsheets_is_read_again(bakery, ana):
    rows = [["Teléfono", "Nombre"], ["+34 600 000 101", "=Ana"]]
    take(bakery, "".join(csv_lines(rows, language="es")).encode(), by=ana)
    assert Recipient.objects.get().name == "=Ana"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=300)
    | st.text(max_size=300).map(lambda t: f"phone;name\n{t}".encode())
)
def test_no_file_whatever_breaks_the_reading(bakery, content):
    with contextlib.suppress(UnreadableFileError):
        assert plan_for(bakery, content).rows


def test_importing_costs_the_same_however_many_rows(bakery, ana, django_assert_max_num_queries):
    content = "Phone,Name\n" + "".join(f"+34600{n:06},N{n}\n" for n in range(500))
    with django_assert_max_num_queries(8):
        take(bakery, content.encode(), by=ana)
    assert Recipient.objects.of(bakery).count() == 500
