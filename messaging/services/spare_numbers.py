"""The alert while no number is left that a new bakery could get."""

from __future__ import annotations

from messaging.models import AlertKind
from messaging.services.alerts import close_alerts, open_alert
from tenants.services.number_use import number_use


def watch_spare_numbers() -> None:
    """Open the alert when no number can be given any more, close it when one can. An account without numbers is new."""
    use = number_use(account=None)
    if use.usable or not use.total:
        close_alerts(AlertKind.NO_SPARE_NUMBER)
    else:
        open_alert(AlertKind.NO_SPARE_NUMBER)
