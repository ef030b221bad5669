"""Meta's Graph API as plain Python: values in, values out; no Django, settings, models or Celery."""

from __future__ import annotations
