"""Django's command line: `.venv/bin/python manage.py help`."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bakery_whatsapp.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "SECRET_KEY" not in str(error):
            raise
        command = " ".join(sys.argv[1:])
        sys.exit(
            "SECRET_KEY is not set: the settings come from the environment or from .env (see .env.example). "
            f'Beside `make run`, whose settings are its own: make manage ARGS="{command}"'
        )


if __name__ == "__main__":
    main()
