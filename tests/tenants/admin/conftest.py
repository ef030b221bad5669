from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import StaffFactory


@pytest.fixture
def paula(db: None) -> Client:
    """The browser of Paula, platform staff, in English."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(StaffFactory.create(username="paula"))
    return client
