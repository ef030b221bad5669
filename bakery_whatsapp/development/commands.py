"""The product's processes on a developer's machine, as command lines."""

from __future__ import annotations

import sys
from pathlib import Path

QUEUES = "send,webhooks,periodic,callbacks"


def web_command(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", "127.0.0.1", "--port", str(port)),
        # One process with threads is up a second sooner than two processes, and enough for one developer.
        *("--workers", "1", "--blocking-threads", "16"),
        *("--workers-kill-timeout", "5"),
        "bakery_whatsapp.wsgi:application",
    ]


def worker_command(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "bakery_whatsapp", "worker"),
        *("--pool", "threads", "--concurrency", "8", "--queues", QUEUES, "--loglevel", "INFO"),
        # Without asking for neighbours, which costs a second of waiting at every start.
        *("--hostname", f"worker@{port}", "--without-gossip", "--without-mingle"),
    ]


def beat_command(data_dir: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "bakery_whatsapp", "beat"),
        *("--schedule", str(data_dir / "celerybeat-schedule"), "--loglevel", "INFO"),
        "--pidfile=",  # the one of a killed run would forbid the next start
    ]
