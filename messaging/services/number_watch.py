"""The alerts about which numbers there are: none that a new bakery could get, and one in use that Meta no longer has."""

from __future__ import annotations

from messaging import queues
from messaging.models import Alert, AlertKind
from messaging.services.alerts import close_alerts, open_alert
from tenants.services.number_use import NumberUse, number_use

_LOOK_EVERY_S = 60


def watch_numbers() -> None:
    """Open and close both as the numbers stand now."""
    use = number_use(account=None)
    _watch_spare(use)
    _watch_missed(use)


def watch_numbers_now_and_then() -> None:
    """For what gave or changed a number without saying so. The sweep asks."""
    if queues.is_first_within(_LOOK_EVERY_S, AlertKind.NO_SPARE_NUMBER):
        watch_numbers()


def _watch_spare(use: NumberUse) -> None:
    """An account without numbers is new."""
    if use.usable or not (use.numbers or use.gone):
        close_alerts(AlertKind.NO_SPARE_NUMBER)
    else:
        open_alert(AlertKind.NO_SPARE_NUMBER)


def _watch_missed(use: NumberUse) -> None:
    missed = {number.phone_number_id for number in use.missed}
    for phone_number_id in sorted(missed):
        open_alert(AlertKind.NUMBER_GONE, subject=phone_number_id)
    standing = Alert.objects.open().filter(kind=AlertKind.NUMBER_GONE)
    for subject in standing.exclude(subject__in=missed).values_list("subject", flat=True):
        close_alerts(AlertKind.NUMBER_GONE, subject=subject)
