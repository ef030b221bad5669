from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from messaging import queues

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_redis(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    queues.client.cache_clear()
    yield
    queues.client.cache_clear()


def test_a_living_process_says_so_without_looking_further(client, no_redis):
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_ready_needs_a_worker_seen_lately(client, broker):
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["worker"]["ok"] is False
    queues.worker_seen()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_without_redis_it_says_what_is_wrong(client, no_redis):
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert checks["database"]["ok"] is True
    assert "REDIS_URL" in checks["broker"]["detail"]


def test_without_postgresql_it_says_what_is_wrong(client, broker):
    def broken(execute, sql, params, many, context):
        raise OperationalError("the server closed the connection")

    with connection.execute_wrapper(broken):
        answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "DATABASE_URL" in answer.json()["checks"]["database"]["detail"]
