from __future__ import annotations

from typing import Any

import pytest

from messaging import queues
from messaging.models import SetupCheck, SetupKey
from messaging.services.setup import checking
from tests.factories import AccountFactory, AssignmentFactory, DefaultNumberFactory
from tests.messaging.callback_server import Names
from tests.messaging.conftest import Meta
from tests.messaging.setup_meta import HOST, PUBLIC_IP, SITE, SetupMeta


@pytest.fixture
def setup_meta(meta: Meta, settings: Any, names: Names) -> SetupMeta:
    settings.SITE_URL = SITE
    names[HOST] = [[PUBLIC_IP]]
    return SetupMeta(meta.mock)


@pytest.fixture
def ready(setup_meta: SetupMeta, broker: Any, db: None) -> SetupMeta:
    """A platform with its account, one number, one bakery and a worker: only the test message is missing."""
    AccountFactory.create()
    DefaultNumberFactory.create()
    AssignmentFactory.create()
    setup_meta.numbers.append(
        setup_meta.numbers[0] | {"id": _number_id(), "display_phone_number": "+34 612 400 000"}
    )
    queues.worker_seen()
    return setup_meta


def _number_id() -> str:
    from tenants.models import PhoneNumber

    return PhoneNumber.objects.get(is_default=False).phone_number_id


def check(key: SetupKey) -> SetupCheck:
    """Check one line and return how it stands."""
    (row,) = checking.run_checks([key])
    return row


def found(key: SetupKey) -> tuple[str, str]:
    row = check(key)
    return row.state, row.code
