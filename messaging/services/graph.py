"""The Graph API client of an account: one pooled session a process."""

from __future__ import annotations

from functools import cache

import requests
from django.conf import settings

from messaging.graph_api.client import GraphApi, new_session
from tenants.models import WhatsAppBusinessAccount

# Requests one process keeps in flight. Meta answers within some tenths of a second, a number sends 65 a second.
CONCURRENCY = 64
# Nothing is written before the connection stands, so giving up on it early costs nothing.
_CONNECT_TIMEOUT_S = 3.05


@cache
def _session() -> requests.Session:
    return new_session(CONCURRENCY)


def graph_api_for(account: WhatsAppBusinessAccount) -> GraphApi:
    return GraphApi(
        base_url=settings.WHATSAPP_GRAPH_URL,
        version=settings.WHATSAPP_API_VERSION,
        access_token=account.access_token,
        app_secret=next(iter(account.app_secret_list), None),
        session=_session(),
        timeout_s=(_CONNECT_TIMEOUT_S, settings.WHATSAPP_TIMEOUT_S),
    )
