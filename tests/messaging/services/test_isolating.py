from __future__ import annotations

import pytest
from django.db import OperationalError

from messaging.services.isolating import isolate

pytestmark = pytest.mark.django_db


def test_what_breaks_costs_only_itself():
    done: list[int] = []
    broken: list[int] = []

    def apply(numbers):
        if any(number % 5 == 0 for number in numbers):
            raise ValueError(numbers)
        done.extend(numbers)

    isolate(apply, range(1, 12), broken.append)
    assert sorted(done) == [1, 2, 3, 4, 6, 7, 8, 9, 11]
    assert broken == [5, 10]


def test_the_databases_own_trouble_is_nobodys_fault():
    def apply(numbers):
        raise OperationalError("gone")

    with pytest.raises(OperationalError):
        isolate(apply, [1, 2], lambda number: None)
