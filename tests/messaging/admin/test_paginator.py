from __future__ import annotations

import pytest
from django.db import connection

from messaging.admin import paginator
from messaging.admin.paginator import NewestPaginator
from messaging.models import Message
from tests.factories import MessageFactory


@pytest.fixture
def messages(db):
    MessageFactory.create_batch(3)
    return Message.objects.newest_first()


def test_few_rows_are_counted_exactly(messages):
    assert NewestPaginator(messages, 2).count == 3
    assert not NewestPaginator(messages, 2).is_cut


def test_more_rows_than_listed_are_not_counted_further(messages, monkeypatch):
    monkeypatch.setattr(paginator, "LISTED", 2)
    assert NewestPaginator(messages, 2).count == 2
    assert NewestPaginator(messages, 2).is_cut


def test_a_count_that_takes_too_long_is_given_up(messages, monkeypatch):
    monkeypatch.setattr(paginator, "COUNT_TIMEOUT_MS", 20)
    slow = messages.extra(where=["pg_sleep(0.2) IS NOT NULL"])
    assert NewestPaginator(slow, 2).count == paginator.LISTED


def test_the_time_limit_ends_with_the_count(messages):
    assert NewestPaginator(messages, 2).count == 3
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
