"""The account's page keeps nothing that Meta does not know, as the set-up's own fields."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from django.urls import reverse
from django.utils import timezone

from messaging import demo
from messaging.graph_api.catalogue import WRONG_PROOF
from messaging.models import SetupCheck, SetupKey
from tenants.models import WhatsAppBusinessAccount
from tests.messaging.conftest import meta
from tests.messaging.services.setup.conftest import ready, setup_meta
from tests.messaging.setup_meta import number
from tests.messaging.token_meta import NEW, said_of
from tests.tenants.admin.test_account import FORM

__all__ = ["meta", "ready", "setup_meta"]  # fixtures

WRONG = "222333444555666"


@pytest.fixture
def stored(ready):
    """An account whose id was written wrongly."""
    WhatsAppBusinessAccount.objects.update(waba_id=WRONG)
    return WhatsAppBusinessAccount.objects.get()


@pytest.fixture
def address(stored):
    return reverse("admin:tenants_whatsappbusinessaccount_change", args=(stored.pk,))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"waba_id": "abc"}, "An id has digits only"),
        ({"waba_id": "111111111111111"}, "Meta does not show this account"),
        ({"app_id": "not-an-id"}, "This is no app id"),
        ({"app_id": "111111111111111"}, "Meta does not accept the app id or the app secret"),
        (
            {"new_app_secrets": "another-secret"},
            "Meta does not accept the app id or the app secret",
        ),
    ],
)
def test_what_meta_does_not_know_is_not_stored(paula, address, stored, given, said):
    answer = paula.post(address, {**FORM, "waba_id": WRONG, **given})
    assert answer.status_code == 200
    assert said in answer.text
    assert "another-secret" not in answer.text
    kept = WhatsAppBusinessAccount.objects.get()
    assert (kept.waba_id, kept.app_id) == (WRONG, stored.app_id)
    assert kept.app_secrets == stored.app_secrets


def test_the_id_of_our_numbers_is_stored_and_looked_at_at_once(
    paula, address, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert paula.post(address, {**FORM, "waba_id": f" {demo.WABA_ID} "}).status_code == 302
    assert WhatsAppBusinessAccount.objects.get().waba_id == demo.WABA_ID
    assert SetupCheck.objects.get(key=SetupKey.WABA).is_done


def test_a_token_that_comes_into_service_here_is_looked_at_at_once(
    paula, ready, broker, django_capture_on_commit_callbacks
):
    account = WhatsAppBusinessAccount.objects.get()
    ready.tokens[NEW] = said_of(timedelta(days=60))
    page = reverse("admin:tenants_whatsappbusinessaccount_change", args=(account.pk,))
    with django_capture_on_commit_callbacks(execute=True):
        assert paula.post(page, {**FORM, "new_access_token": NEW}).status_code == 302
    told = SetupCheck.objects.get(key=SetupKey.TOKEN).facts["token"]
    assert told["expires_at"] == ready.tokens[NEW]["expires_at"]


def test_the_id_of_others_numbers_is_refused(paula, address, ready):
    ready.numbers = [number("999000000000001")]
    answer = paula.post(address, {**FORM, "waba_id": demo.WABA_ID})
    assert "Numbers or templates of another account are here already" in answer.text
    assert WhatsAppBusinessAccount.objects.get().waba_id == WRONG


def test_while_meta_is_away_nothing_is_stored(paula, address, ready):
    ready.failure = requests.ReadTimeout()
    answer = paula.post(address, {**FORM, "waba_id": demo.WABA_ID})
    assert "Meta did not do it" in answer.text
    assert WhatsAppBusinessAccount.objects.get().waba_id == WRONG


def test_a_name_is_changed_without_asking_meta(paula, address, ready):
    ready.failure = requests.ReadTimeout()
    answer = paula.post(address, {**FORM, "waba_id": WRONG, "name": "Another"})
    assert answer.status_code == 302
    assert WhatsAppBusinessAccount.objects.get().name == "Another"


def test_the_right_secret_opens_the_line_that_a_wrong_one_stopped(
    paula, address, django_capture_on_commit_callbacks
):
    WhatsAppBusinessAccount.objects.update(
        app_secrets="wrong-secret",
        sending_stopped_at=timezone.now(),
        sending_stopped_code=WRONG_PROOF,
    )
    given = {"waba_id": WRONG, "new_app_secrets": f"{demo.APP_SECRET}, wrong-secret"}
    with django_capture_on_commit_callbacks(execute=True):
        assert paula.post(address, {**FORM, **given}).status_code == 302
    kept = WhatsAppBusinessAccount.objects.get()
    assert kept.sending_stopped_at is None
    assert kept.app_secret_list == [demo.APP_SECRET, "wrong-secret"]
