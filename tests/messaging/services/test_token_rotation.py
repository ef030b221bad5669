"""The change of the token step by step: what each step keeps, who did it, and what Meta is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from messaging import demo
from messaging.models import SetupCheck, SetupKey, TokenRotation
from messaging.models.token_rotation import fingerprint_of
from messaging.services import accounts, token_rotation, tokens
from messaging.services.setup.checking import run_checks
from tenants.models import WhatsAppBusinessAccount
from tests.factories import AccountFactory, StaffFactory
from tests.messaging.token_meta import NEW, TokenMeta, dead, said_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

OLD = demo.ACCESS_TOKEN
ANOTHER = "EAAanotherInventedToken0123456789"


@pytest.fixture
def token_meta(meta):
    found = TokenMeta(meta.mock)
    found.tokens[ANOTHER] = said_of()
    return found


@pytest.fixture
def paula():
    AccountFactory()
    return StaffFactory(username="paula").pk


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def stored():
    return WhatsAppBusinessAccount.objects.get()


def newest():
    return TokenRotation.objects.newest_first().first()


def test_a_good_paste_waits_encrypted_and_changes_nothing(token_meta, paula):
    rotation = token_rotation.paste_token(f" {NEW}\n", by=paula)
    assert stored().access_token == OLD
    assert rotation.is_candidate
    assert (rotation.pasted_by_id, rotation.fingerprint) == (paula, fingerprint_of(NEW))
    with transaction.atomic():
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT token::text || facts::text FROM messaging_tokenrotation")
            assert NEW not in cursor.fetchone()[0]


@pytest.mark.parametrize(
    "said", [dead(463), said_of(timedelta(hours=2)), said_of(scopes=[]), said_of(app_id="1")]
)
def test_of_a_refused_paste_nothing_is_kept(token_meta, paula, said):
    token_meta.tokens[NEW] = said
    with pytest.raises(tokens.TokenRefusedError):
        token_rotation.paste_token(NEW, by=paula)
    assert not TokenRotation.objects.exists()


def test_with_meta_down_nothing_is_kept_and_it_says_so(token_meta, paula):
    token_meta.failure = requests.ConnectionError()
    with pytest.raises(tokens.TokenRefusedError, match="Meta did not answer"):
        token_rotation.paste_token(NEW, by=paula)
    assert not TokenRotation.objects.exists()


def test_the_token_in_service_is_no_new_one(token_meta, paula):
    with pytest.raises(tokens.TokenRefusedError, match="in service already"):
        token_rotation.paste_token(OLD, by=paula)


def test_another_paste_takes_the_place_of_the_first(token_meta, paula):
    first = token_rotation.paste_token(NEW, by=paula)
    second = token_rotation.paste_token(ANOTHER, by=paula)
    first.refresh_from_db()
    assert first.discarded_at is not None
    assert first.token == ""
    assert list(TokenRotation.objects.candidates()) == [second]


def test_put_into_service_it_notes_who_and_keeps_the_token_no_longer(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    bruno = StaffFactory(username="bruno").pk
    token_rotation.put_into_service(rotation.pk, by=bruno)
    assert stored().access_token == NEW
    rotation.refresh_from_db()
    assert (rotation.pasted_by_id, rotation.promoted_by_id) == (paula, bruno)
    assert rotation.old_fingerprint == fingerprint_of(OLD)
    assert rotation.token == ""
    assert rotation.grace_until == stored().previous_token_until


def test_the_second_of_two_who_put_it_into_service_is_told(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    token_rotation.put_into_service(rotation.pk, by=paula)
    with pytest.raises(token_rotation.NoCandidateError):
        token_rotation.put_into_service(rotation.pk, by=paula)


def test_a_token_that_died_since_it_was_pasted_is_not_put_into_service(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    token_meta.tokens[NEW] = dead()
    with pytest.raises(tokens.TokenRefusedError):
        token_rotation.put_into_service(rotation.pk, by=paula)
    assert stored().access_token == OLD


def test_a_token_of_the_command_line_is_in_the_history_too(token_meta, paula):
    tokens.promote_token(NEW)
    assert newest().promoted_at is not None
    assert newest().promoted_by is None


def test_going_back_is_a_change_of_its_own_and_the_newer_one_gets_the_grace(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    token_rotation.put_into_service(rotation.pk, by=paula)
    token_rotation.go_back(instead_of=fingerprint_of(NEW), by=paula)
    rotation.refresh_from_db()
    assert rotation.returned_at is not None
    assert stored().access_token == OLD
    assert stored().previous_token_list == [NEW]
    assert (newest().is_return, newest().old_fingerprint) == (True, fingerprint_of(NEW))


def test_the_set_up_tells_of_the_new_token_at_once_and_of_the_old_one_after_going_back(
    token_meta, paula
):
    run_checks([SetupKey.TOKEN])
    token_meta.tokens[NEW] = said_of(timedelta(days=60))
    rotation = token_rotation.paste_token(NEW, by=paula)
    token_rotation.put_into_service(rotation.pk, by=paula)
    assert said_in_the_set_up("expires_at") == token_meta.tokens[NEW]["expires_at"]
    token_rotation.go_back(instead_of=fingerprint_of(NEW), by=paula)
    assert said_in_the_set_up("expires_at") == 0


def said_in_the_set_up(name):
    return SetupCheck.objects.get(key=SetupKey.TOKEN).facts["token"][name]


def test_the_grace_ends_by_a_click_with_metas_proof(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    token_rotation.put_into_service(rotation.pk, by=paula)
    assert token_rotation.end_grace(by=paula)
    assert token_meta.revoked == [OLD]
    rotation.refresh_from_db()
    assert rotation.refused_at is not None
    assert rotation.refused_by_id == paula
    assert stored().previous_token_until is None


def test_a_grace_that_ended_by_itself_names_nobody(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    token_rotation.put_into_service(rotation.pk, by=paula)
    WhatsAppBusinessAccount.objects.update(previous_token_until=timezone.now())
    tokens.retire_previous_tokens()
    rotation.refresh_from_db()
    assert rotation.refused_at is not None
    assert rotation.refused_by is None


def test_without_metas_proof_the_old_one_stays_kept(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    token_rotation.put_into_service(rotation.pk, by=paula)
    token_meta.ignores_revocation = True
    assert not token_rotation.end_grace(by=paula)
    assert stored().previous_token_list == [OLD]
    assert token_rotation.situation().is_old_still_accepted


def test_while_meta_refuses_the_new_one_the_old_one_is_not_revoked(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    token_rotation.put_into_service(rotation.pk, by=paula)
    accounts.stop_sending(stored(), code=190)
    with pytest.raises(token_rotation.OldTokenNeededError):
        token_rotation.end_grace(by=paula)
    assert token_meta.revoked == []


def test_a_forgotten_paste_is_discarded_after_a_day(token_meta, paula):
    token_rotation.paste_token(NEW, by=paula)
    assert token_rotation.forget_left_candidates() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert token_rotation.forget_left_candidates() == 1
    assert newest().token == ""


def test_the_database_keeps_no_used_token(token_meta, paula):
    rotation = token_rotation.paste_token(NEW, by=paula)
    with pytest.raises(IntegrityError), transaction.atomic():
        TokenRotation.objects.filter(pk=rotation.pk).update(discarded_at=timezone.now())
