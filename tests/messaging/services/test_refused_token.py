"""A refused token opens one alert, the account's, however many readings it fails."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from django.utils import timezone, translation

from messaging import demo, queues
from messaging.graph_api.errors import GraphApiError
from messaging.models import Alert, AlertKind, SetupCheck, SetupKey, SetupState
from messaging.services import accounts, readings, syncing, templates, tokens
from messaging.services.numbers import sync_phone_numbers
from messaging.services.setup import checking
from tenants.models import WhatsAppBusinessAccount
from tests.factories import AccountFactory, DefaultNumberFactory
from tests.messaging.services.test_syncing import TEMPLATES_URL
from tests.messaging.token_meta import NEW, TokenMeta, dead, said_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

OLD = demo.ACCESS_TOKEN
UNREAD = {AlertKind.NUMBERS_UNREAD, AlertKind.TEMPLATES_UNREAD}


class Meta(TokenMeta):
    """Its templates are told to whom it accepts too."""

    def __init__(self, mock):
        super().__init__(mock)
        mock.add_callback("GET", TEMPLATES_URL, callback=self._list_templates)

    def _list_templates(self, request):
        status, headers, body = self._list(request)
        return status, headers, body if status != 200 else '{"data": []}'


@pytest.fixture
def token_meta(meta):
    return Meta(meta.mock)


@pytest.fixture
def account():
    AccountFactory()
    return DefaultNumberFactory().account


def stored():
    return WhatsAppBusinessAccount.objects.get()


def opened():
    # One number is all there is.
    return Alert.objects.open().exclude(kind=AlertKind.NO_SPARE_NUMBER)


def open_kinds():
    return sorted(opened().values_list("kind", flat=True))


def test_a_dead_token_opens_one_alert(token_meta, account):
    token_meta.tokens[OLD] = dead()
    syncing.sync_from_meta()
    syncing.sync_from_meta()
    assert open_kinds() == [AlertKind.ACCOUNT_STOPPED]


def test_what_was_refused_before_the_account_stopped_closes(token_meta, account):
    """As without the app's secret, when no debug_token tells of it first."""
    token_meta.tokens[OLD] = dead()
    for read in (sync_phone_numbers, templates.sync_templates):
        with pytest.raises(GraphApiError):
            read()
    assert open_kinds() == sorted(UNREAD)
    accounts.stop_sending(stored(), code=190)
    assert open_kinds() == [AlertKind.ACCOUNT_STOPPED]


def test_what_is_unread_for_another_cause_has_its_own_alert(token_meta, account):
    token_meta.failure = requests.ConnectionError()
    syncing.sync_from_meta()
    accounts.stop_sending(stored(), code=190)
    assert open_kinds() == sorted({AlertKind.ACCOUNT_STOPPED, *UNREAD})
    # Meta answers again, and refuses the token: one cause now.
    token_meta.failure, token_meta.tokens[OLD] = None, dead()
    syncing.sync_from_meta()
    assert open_kinds() == [AlertKind.ACCOUNT_STOPPED]


def test_an_account_that_stands_for_another_cause_hides_nothing(token_meta, account):
    accounts.stop_sending(stored(), code=131031)
    token_meta.tokens[OLD] = dead()
    syncing.sync_from_meta()
    assert open_kinds() == sorted({AlertKind.ACCOUNT_STOPPED, *UNREAD})


def test_with_a_token_that_works_what_is_unread_still_opens_again(token_meta, account, meta):
    token_meta.tokens[OLD] = dead()
    syncing.sync_from_meta()
    tokens.promote_token(NEW)
    token_meta.failure = requests.ConnectionError()
    syncing.sync_from_meta()
    assert open_kinds() == sorted(UNREAD)
    token_meta.failure = None
    syncing.sync_from_meta()
    assert open_kinds() == []


def test_whoever_resumes_by_hand_has_everything_read_again(account, monkeypatch):
    woken = []
    monkeypatch.setattr(queues, "wake_sync", lambda: woken.append("sync"))
    accounts.resume_sending(stored())
    assert woken == []
    accounts.stop_sending(stored(), code=190)
    accounts.resume_sending(stored())
    assert woken == ["sync"]


def test_pages_still_say_since_when_their_data_stands(token_meta, account, paula):
    syncing.sync_from_meta()
    read_at = stored().numbers_synced_at
    assert readings.unread_numbers() is None
    token_meta.tokens[OLD] = dead()
    syncing.sync_from_meta()
    alert = opened().get()
    for unread in (readings.unread_numbers(), templates.sync_state().unread):
        assert unread is not None
        assert (unread.since, unread.code, unread.is_token_refused) == (alert.opened_at, 190, True)
        assert unread.at is not None
        assert abs(unread.at - read_at) < timedelta(minutes=1)
    with translation.override("en"):
        page = paula.get("/admin/tenants/phonenumber/", headers={"accept-language": "en"}).text
    assert "Meta has refused the access token since" in page
    assert "sending goes on" not in page
    # It was read since: a refusal that concerned one message.
    WhatsAppBusinessAccount.objects.update(numbers_synced_at=timezone.now())
    assert readings.unread_numbers() is None


def test_the_set_ups_line_of_the_token_opens_none_beside_it(token_meta, account):
    SetupCheck.objects.create(
        key=SetupKey.TOKEN, found=SetupState.DONE, state=SetupState.DONE,
        proved_at=timezone.now(), was_simulated=False,
    )  # fmt: skip
    token_meta.tokens[OLD] = said_of(is_valid=False)
    checking.run_checks([SetupKey.TOKEN])
    assert open_kinds() == [AlertKind.SETUP_BROKEN]
    accounts.stop_sending(stored(), code=190)
    assert open_kinds() == [AlertKind.ACCOUNT_STOPPED]
    checking.run_checks([SetupKey.TOKEN])
    assert SetupCheck.objects.get(key=SetupKey.TOKEN).state == SetupState.BROKEN
    assert open_kinds() == [AlertKind.ACCOUNT_STOPPED]
    accounts.resume_sending(stored())
    checking.run_checks([SetupKey.TOKEN])
    assert open_kinds() == [AlertKind.SETUP_BROKEN]
