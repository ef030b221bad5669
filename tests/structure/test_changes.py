"""What is changed without `save()` is logged as well: no `.update()` of a logged column that the log of changes misses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from auditlog.registry import auditlog

from tests.conftest import ROOT

# Of a table that is not logged, or of a row that nobody decides about, under a name that a logged column has too.
NOT_LOGGED = {
    ("messaging/admin/home.py", "dashboard"),  # a dictionary
    ("messaging/models/message.py", "advance"),
    ("messaging/services/accounts.py", "stop_number"),  # what Meta refused, which alerts tell
    ("messaging/services/accounts.py", "resume_number"),
    ("messaging/services/batches.py", "_give_up"),
    ("messaging/services/calendar_feeds.py", "close_feed"),
    ("messaging/services/claiming.py", "_reroute"),
    ("messaging/services/demonstration.py", "_account"),  # invented rows of `make run`
    ("messaging/services/erasing.py", "_erase_messages"),
    ("messaging/services/own_phones.py", "forget"),
    ("messaging/services/proofs.py", "revoke"),
    ("messaging/services/token_records.py", "record_promotion"),
    ("tenants/services/assignments.py", "_write"),  # PhoneNumberAssignment is its own history
}
# What logs by hand what it updates.
LOGGERS = {"record_change", "record_event", "record_made"}


def logged_columns() -> set[str]:
    names: set[str] = set()
    for model in auditlog.get_models():
        known = auditlog.get_model_fields(model)
        every = {field.name for field in model._meta.concrete_fields} - {"id"}
        names |= set(known["include_fields"]) or every - set(known["exclude_fields"])
    return names


def updates(path: Path) -> Iterator[tuple[str, set[str], bool]]:
    """Each function that updates: its name, the columns (`**` is one) and whether it logs them itself."""
    for function in ast.walk(ast.parse(path.read_text())):
        if not isinstance(function, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        columns = {
            keyword.arg or "**"
            for call in calls
            if isinstance(call.func, ast.Attribute) and call.func.attr == "update"
            for keyword in call.keywords
        }
        logs = any(isinstance(call.func, ast.Name) and call.func.id in LOGGERS for call in calls)
        if columns:
            yield function.name, columns, logs


def unlogged_updates() -> set[tuple[str, str]]:
    columns = logged_columns() | {"**"}
    return {
        (str(path.relative_to(ROOT)), name)
        for package in ("bakery_whatsapp", "messaging", "tenants")
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
        for name, changed, logs in updates(path)
        if changed & columns and not logs
    }


def test_whoever_updates_a_logged_column_logs_it():
    assert unlogged_updates() - NOT_LOGGED == set()


def test_what_is_listed_as_not_logged_still_updates():
    assert NOT_LOGGED - unlogged_updates() == set()
