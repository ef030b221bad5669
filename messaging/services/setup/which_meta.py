"""Simulator or real account: which one it is, and what the way from one to the other still asks for.

The environment decides (WHATSAPP_GRAPH_URL, WHATSAPP_SIMULATOR) and no button does: statuses of both in one line would be
a lie. Bakeries, people and templates' texts stay; what was proved at the one proves nothing at the other (checking.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet

from messaging import demo
from messaging.models import AlertKind, Message, MessageTemplate
from messaging.services.accounts import NoAccountError, current_account
from messaging.services.alerts import close_alerts
from messaging.services.setup.progress import progress
from messaging.services.webhook_address import is_simulated
from messaging.statuses import MessageStatus
from tenants.models import PhoneNumber, WhatsAppBusinessAccount

_MOST_COUNTED = 1000
# Nobody would close them under the new id; what is still so opens them again.
_NAMED_BY_WABA_ID = (
    AlertKind.ACCOUNT_STOPPED,
    AlertKind.NUMBERS_UNREAD,
    AlertKind.TEMPLATES_UNREAD,
)
_NOT_DECIDED = (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNCONFIRMED)


class SwitchStep(StrEnum):
    """What is to be done, in this order."""

    NOTHING_WAITS = "nothing_waits"
    ENVIRONMENT = "environment"
    ACCOUNT = "account"
    CREDENTIALS = "credentials"
    NUMBERS = "numbers"
    TEMPLATES = "templates"
    PROOF = "proof"


@dataclass(frozen=True, slots=True)
class Switch:
    """`done` holds the steps that are behind us; `waiting` counts messages that nothing is decided of, 1,000 at most."""

    is_simulated: bool
    done: frozenset[SwitchStep]
    waiting: int

    @property
    def is_under_way(self) -> bool:
        """Whether Meta is the real one and something of the simulator's is still here."""
        of_simulator = {SwitchStep.ACCOUNT, SwitchStep.CREDENTIALS, SwitchStep.NUMBERS}
        return not self.is_simulated and not of_simulator <= self.done


def switch() -> Switch:
    try:
        account = current_account()
    except NoAccountError:
        account = None
    simulated = is_simulated()
    waiting = Message.objects.filter(status__in=_NOT_DECIDED).values("pk")[:_MOST_COUNTED].count()
    is_here = {
        SwitchStep.NOTHING_WAITS: waiting == 0,
        SwitchStep.ENVIRONMENT: True,
        SwitchStep.ACCOUNT: not is_simulators(account),
        SwitchStep.CREDENTIALS: account is None or not _has_simulators_credentials(account),
        SwitchStep.NUMBERS: not _simulators_numbers().exists(),
        SwitchStep.TEMPLATES: MessageTemplate.objects.sendable().exists(),
        SwitchStep.PROOF: progress().is_finished,
    }
    done = {step for step, is_so in is_here.items() if is_so}
    if simulated:
        done &= {SwitchStep.NOTHING_WAITS}
    return Switch(simulated, frozenset(done), waiting)


def is_simulators(account: WhatsAppBusinessAccount | None) -> bool:
    return account is not None and account.waba_id == demo.WABA_ID


def leave_simulator(account: WhatsAppBusinessAccount, waba_id: str) -> None:
    """Let the row be the real account from now on: what only the simulator knows is forgotten or marked as gone.

    Sending is paused by the caller: what waits was written to the simulator's phones.
    """
    for kind in _NAMED_BY_WABA_ID:
        close_alerts(kind, subject=account.waba_id)
    account.waba_id = waba_id
    if account.access_token == demo.ACCESS_TOKEN:
        account.access_token = ""
    if account.app_id == demo.APP_ID:
        account.app_id, account.app_secrets = "", ""
    account.save(update_fields=["waba_id", "access_token", "app_id", "app_secrets"])


def _has_simulators_credentials(account: WhatsAppBusinessAccount) -> bool:
    return account.access_token == demo.ACCESS_TOKEN or account.app_id == demo.APP_ID


def _simulators_numbers() -> QuerySet[PhoneNumber]:
    known = [number.phone_number_id for number in demo.NUMBERS]
    return PhoneNumber.objects.filter(phone_number_id__in=known, gone_at__isnull=True)
