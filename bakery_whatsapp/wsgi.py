from __future__ import annotations

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery_whatsapp.settings")

django_application = get_wsgi_application()

# Both need the settings and apps that the line above loads.
from bakery_whatsapp.checks import ensure_startable  # noqa: E402
from bakery_whatsapp.chunked_bodies import with_length  # noqa: E402

application = with_length(django_application)

ensure_startable()

# What is loaded by now stays for the life of the process: the collector need not look through it for every few requests.
gc.collect()
gc.freeze()
