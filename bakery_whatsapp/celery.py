"""The Celery application: wakes workers. What it forgets is found again in PostgreSQL by the sweeps."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery_whatsapp.settings")

app = Celery("bakery_whatsapp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**kwargs: Any) -> None:
    from django.conf import settings

    from bakery_whatsapp import logs

    logs.configure(settings.LOGGING)


@worker_init.connect
@beat_init.connect
def _refuse_bad_settings(**kwargs: Any) -> None:
    from bakery_whatsapp.checks import ensure_startable

    ensure_startable()


@worker_ready.connect
def _leave_word(**kwargs: Any) -> None:
    """Be seen at once; the first sweep comes only after its interval."""
    from messaging import queues

    queues.worker_seen()
