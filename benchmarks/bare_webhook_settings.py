"""The product's settings with nothing around the view."""

from __future__ import annotations

from bakery_whatsapp.settings import *  # noqa: F403

MIDDLEWARE = []
ROOT_URLCONF = "benchmarks.bare_webhook"
