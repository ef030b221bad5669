"""Is this process alive, and can the product do its job: database, broker, a worker seen lately."""

from __future__ import annotations

from typing import TypedDict

import redis
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from messaging import queues


class Check(TypedDict):
    ok: bool
    detail: str


@login_not_required
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok", "checks": {}})


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    checks = {"database": _database(), "broker": _broker(), "worker": _worker()}
    is_ready = all(check["ok"] for check in checks.values())
    body = {"status": "ok" if is_ready else "unavailable", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)


def _database() -> Check:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return {
            "ok": False,
            "detail": "PostgreSQL does not answer. Check DATABASE_URL and the server.",
        }
    return {"ok": True, "detail": "PostgreSQL answers."}


def _broker() -> Check:
    try:
        queues.client().ping()
    except redis.RedisError:
        return {"ok": False, "detail": "Redis does not answer. Check REDIS_URL and the server."}
    return {"ok": True, "detail": "Redis answers."}


def _worker() -> Check:
    try:
        is_alive = queues.is_worker_alive()
    except redis.RedisError:
        return {"ok": False, "detail": "Unknown while Redis does not answer."}
    if not is_alive:
        return {
            "ok": False,
            "detail": "No worker was seen for 30 s. Start a Celery worker and beat.",
        }
    return {"ok": True, "detail": "A worker was seen within 30 s."}


urlpatterns = [path("live", live, name="health-live"), path("ready", ready, name="health-ready")]
