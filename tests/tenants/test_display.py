from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from django.utils import timezone, translation
from django.utils.formats import date_format, localize

from tenants import display
from tenants.models import PhoneNumber
from tenants.templatetags.display import crumb

AT = datetime(2026, 9, 3, 19, 5, 7, tzinfo=UTC)


@time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False)
def test_a_time_is_shown_in_spain_with_the_month_as_each_language_writes_it():
    with translation.override("es"):
        assert ">3 sep, 21:05<" in display.moment(AT)
        assert ">3 sep, 21:05:07<" in display.moment(AT, with_seconds=True)
    with translation.override("en"):
        assert ">3 Sep, 21:05<" in display.moment(AT)
    assert display.moment(None) == "–"


@time_machine.travel(datetime(2027, 2, 1, tzinfo=UTC), tick=False)
def test_a_time_of_another_year_says_its_year():
    with translation.override("es"):
        assert ">3 sep 2026, 21:05<" in display.moment(AT)


def test_a_step_of_the_header_is_named_for_people():
    assert crumb("numbers") == "Numbers"
    number = PhoneNumber(phone_number_id="123456789012345", display_phone_number="+34612345678")
    assert crumb(number) == "+34\u00a0612\u00a0345\u00a0678"


@time_machine.travel(datetime(2026, 11, 26, 12, 0, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(("language", "month"), [("en", "Dec"), ("es", "dic")])
@pytest.mark.parametrize("form", ["DATETIME_FORMAT", "SHORT_DATETIME_FORMAT"])
def test_what_says_nothing_of_its_form_has_the_same_one(language, month, form):
    noon = datetime(2026, 12, 11, 11, 0, tzinfo=UTC)
    with translation.override(language):
        assert display.clock(noon) == f"11 {month}, 12:00"
        assert date_format(timezone.localtime(noon), form) == f"11 {month} 2026, 12:00"
        assert date_format(noon.date(), "SHORT_DATE_FORMAT") == f"11 {month} 2026"
        assert localize(timezone.localtime(noon)) == f"11 {month} 2026, 12:00"
