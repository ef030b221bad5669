"""`check_token` and `rotate_token`: what they print, how they end, and that they never print a token."""

from __future__ import annotations

import io
import json
import logging
import traceback
from datetime import timedelta

import pytest
import requests
from django.core.management import CommandError, call_command
from django.utils import timezone

from messaging import demo
from messaging.services import tokens
from tenants.models import WhatsAppBusinessAccount
from tests.factories import AccountFactory
from tests.messaging.token_meta import NEW, TokenMeta, dead, said_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

OLD = demo.ACCESS_TOKEN


@pytest.fixture
def token_meta(meta):
    AccountFactory()
    return TokenMeta(meta.mock)


class Shell:
    """Runs commands with a stdin of their own; `refusal` and `trace` are of the last CommandError."""

    def __init__(self, monkeypatch, capsys):
        self.monkeypatch, self.capsys = monkeypatch, capsys
        self.refusal = self.trace = ""
        self.returncode = 0

    def __call__(self, *arguments, stdin=""):
        self.monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        self.refusal, self.returncode = "", 0
        try:
            call_command(*arguments)
        except CommandError as error:
            self.refusal, self.returncode = str(error), error.returncode
            self.trace = "".join(traceback.format_exception(error))
        return self.capsys.readouterr().out


@pytest.fixture
def run(monkeypatch, capsys):
    return Shell(monkeypatch, capsys)


def stored():
    return WhatsAppBusinessAccount.objects.get()


def test_check_token_prints_what_meta_says(token_meta, run):
    token_meta.tokens[OLD] = said_of(timedelta(days=60))
    printed = run("check_token")
    for line in ("valid: yes", "type: SYSTEM_USER", f"app: {demo.APP_ID}", "numbers it reads: 1"):
        assert line in printed
    assert run.refusal == ""
    assert stored().token_expires_at is not None


def test_check_token_ends_with_1_and_says_what_is_wrong(token_meta, run):
    token_meta.tokens[OLD] = said_of(timedelta(hours=24))
    run("check_token")
    assert "This is a 24-hour token" in run.refusal
    assert run.returncode == 1


def test_check_token_prints_json(token_meta, run):
    found = json.loads(run("check_token", "--json"))
    assert (found["ok"], found["valid"], found["never_expires"]) == (True, True, True)
    assert found["problems"] == []
    token_meta.tokens[OLD] = dead()
    found = json.loads(run("check_token", "--json"))
    assert (found["ok"], found["valid"]) == (False, False)
    assert run.refusal


def test_check_token_without_an_account_says_what_to_set(run, settings):
    settings.WHATSAPP_ACCESS_TOKEN = ""
    run("check_token")
    assert "WHATSAPP_ACCESS_TOKEN" in run.refusal


def test_rotate_token_takes_the_token_from_stdin(token_meta, run):
    printed = run("rotate_token", stdin=f"{NEW}\n")
    assert "The token is in service." in printed
    assert "revoked at Meta" in printed
    assert "Take WHATSAPP_ACCESS_TOKEN out of the environment" in printed
    assert (stored().access_token, stored().previous_token_list) == (NEW, [OLD])


def test_rotate_token_asks_for_it_in_a_terminal(token_meta, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: NEW)
    call_command("rotate_token")
    assert stored().access_token == NEW


def test_rotate_token_never_takes_it_as_an_argument():
    with pytest.raises(CommandError):
        call_command("rotate_token", NEW)


def test_a_dry_run_changes_nothing(token_meta, run):
    assert "The token is good. Nothing was changed." in run("rotate_token", "--dry-run", stdin=NEW)
    assert stored().access_token == OLD


@pytest.mark.parametrize("stdin", ["", "EAAunknown"])
def test_a_refused_token_changes_nothing(token_meta, run, stdin):
    run("rotate_token", stdin=stdin)
    assert run.refusal.startswith("Nothing was changed.")
    assert stored().access_token == OLD


def test_a_leaked_token_is_revoked_without_delay(token_meta, run):
    run("rotate_token", "--grace-hours", "0", stdin=NEW)
    assert stored().previous_token_until <= timezone.now()
    tokens.retire_previous_tokens()
    assert token_meta.revoked == [OLD]


@pytest.mark.parametrize("hours", ["-1", "nan", "inf", "1e9", "soon"])
def test_odd_grace_hours_are_refused(hours):
    with pytest.raises(CommandError):
        call_command("rotate_token", f"--grace-hours={hours}")


def test_a_token_of_60_days_renews_itself(token_meta, run):
    run("rotate_token", "--renew")
    assert (stored().access_token, stored().previous_token_list) == (NEW, [OLD])


def test_a_renewal_that_meta_refuses_changes_nothing(token_meta, run):
    token_meta.tokens[OLD] = dead()
    run("rotate_token", "--renew")
    assert "Meta gave no new token, nothing was changed" in run.refusal
    assert stored().access_token == OLD


def test_one_can_go_back_while_the_previous_token_is_kept(token_meta, run):
    run("rotate_token", stdin=NEW)
    run("rotate_token", "--back")
    assert stored().access_token == OLD
    WhatsAppBusinessAccount.objects.update(previous_access_token="", previous_token_until=None)
    run("rotate_token", "--back")
    assert "none to go back to" in run.refusal


def test_no_command_tells_a_token(token_meta, run, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    told = [run("check_token"), run("rotate_token", "--json", stdin=NEW)]
    for failure in (requests.ConnectionError(f"input_token={NEW}&{OLD}"), None):
        token_meta.failure = failure
        for arguments in (
            ("rotate_token",),
            ("rotate_token", "--renew"),
            ("check_token", "--json"),
        ):
            told += [run(*arguments, stdin="EAAbad"), run.refusal]
            told.append(run.trace if run.refusal else "")
    told += [caplog.text, *capsys.readouterr()]
    for secret in (OLD, NEW, "EAAbad", demo.APP_SECRET):
        assert not any(secret in text for text in told), secret
