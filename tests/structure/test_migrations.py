from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

OURS = {"tenants", "messaging"}


@pytest.mark.django_db
def test_the_models_have_all_their_migrations():
    out = StringIO()
    call_command("makemigrations", *OURS, check=True, dry_run=True, stdout=out)


def test_each_app_has_one_head_and_speaking_names():
    loader = MigrationLoader(None)
    assert loader.detect_conflicts() == {}
    for app, name in loader.disk_migrations:
        if app in OURS:
            assert re.fullmatch(r"\d{4}_(?!auto_)[a-z][a-z0-9_]+", name), name


@pytest.mark.django_db(transaction=True)
def test_every_migration_can_be_taken_back_and_applied_again():
    try:
        call_command("migrate", "messaging", "zero", verbosity=0)
        assert "messaging_message" not in connection.introspection.table_names()
    finally:
        call_command("migrate", "messaging", verbosity=0)
    assert "messaging_message" in connection.introspection.table_names()
