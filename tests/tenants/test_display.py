from __future__ import annotations

from datetime import UTC, datetime

import time_machine
from django.utils import translation

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
