from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery_whatsapp.settings")

application = get_wsgi_application()

from bakery_whatsapp.checks import ensure_startable  # noqa: E402 (needs the apps that the line above loads)

ensure_startable()
