"""Prints how many SQL statements the stored deliveries that wait take, when they are one batch."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery_whatsapp.settings")


def main() -> int:
    django.setup()
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from messaging.services import batches

    with CaptureQueriesContext(connection) as statements:
        batches.apply_new()
    return len(statements)


if __name__ == "__main__":
    print(main())
