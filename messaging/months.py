"""Calendar months and days of the account's own clock, by which Meta bills."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

_WRITTEN = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


class NoMonthError(ValueError):
    """The text is no month such as 2026-11."""


def billing_zone() -> ZoneInfo:
    """The account's time zone at Meta, which cannot be changed there once a credit line is attached."""
    return ZoneInfo(settings.WHATSAPP_BILLING_TIME_ZONE)


def billing_day(moment: datetime) -> date:
    return moment.astimezone(billing_zone()).date()


def billing_today() -> date:
    return billing_day(timezone.now())


def begin_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=billing_zone())


@dataclass(frozen=True, slots=True, order=True)
class Month:
    year: int
    month: int

    @classmethod
    def current(cls) -> Self:
        return cls.of(billing_today())

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 2026-11. Raises NoMonthError."""
        found = _WRITTEN.fullmatch(text)
        if found is None:
            raise NoMonthError(text)
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def after(self) -> date:
        """The first day of the next month."""
        return (self.first + timedelta(days=31)).replace(day=1)

    @property
    def previous(self) -> Month:
        return Month.of(self.first - timedelta(days=1))

    @property
    def next(self) -> Month:
        return Month.of(self.after)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.after - self.first).days)]
