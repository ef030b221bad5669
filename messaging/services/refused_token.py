"""One refused token, or app secret, is one alert: the account's. Readings and the set-up's line that fail by it open none beside it."""

from __future__ import annotations

from messaging.graph_api.catalogue import WRONG_PROOF, is_credential_error
from messaging.models import Alert, AlertKind, SetupKey
from messaging.services.alerts import close_alerts

_READINGS = (AlertKind.NUMBERS_UNREAD, AlertKind.TEMPLATES_UNREAD)


def standing_alert() -> Alert | None:
    """Return the open alert of the account whose credentials Meta refuses, None while no account is stopped for that."""
    stopped = Alert.objects.open().filter(kind=AlertKind.ACCOUNT_STOPPED, code__isnull=False)
    return next((alert for alert in stopped if is_credential_error(alert.code)), None)


def line_at_fault(code: int | None) -> SetupKey:
    """Return the set-up's line of the credential that Meta refuses with this code."""
    return SetupKey.APP_SECRET if code == WRONG_PROOF else SetupKey.TOKEN


def close_others(waba_id: str, *, code: int | None) -> None:
    """Close what the same refusal opened before the account stopped. What still is so then opens again by itself."""
    for alert in Alert.objects.open().filter(kind__in=_READINGS, subject=waba_id):
        if is_credential_error(alert.code):
            close_alerts(AlertKind(alert.kind), subject=waba_id)
    close_alerts(AlertKind.SETUP_BROKEN, subject=line_at_fault(code))
