from __future__ import annotations

from bakery_whatsapp.celery import app as celery_app

__all__ = ["celery_app"]
