"""The sixteen lines of the set-up, in the guide's order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from messaging.models import SetupKey
from messaging.services.setup import (
    account_checks,
    number_checks,
    product_checks,
    webhook_steps,
)
from messaging.services.setup.outcomes import Outcome
from messaging.services.setup.reading import Reading


@dataclass(frozen=True, slots=True)
class SetupLine:
    """One line: the guide's step it stands in, and the check that finds how it stands.

    `call` is what the check asks of Meta as METHOD and path, with {waba_id} and {app_id} to be filled; empty where nobody at Meta is asked.
    """

    key: SetupKey
    step: int
    check: Callable[[Reading], Outcome]
    call: str = ""


LINES: tuple[SetupLine, ...] = (
    SetupLine(
        SetupKey.BUSINESS,
        1,
        account_checks.business,
        "GET /{waba_id}?fields=business_verification_status",
    ),
    SetupLine(
        SetupKey.WABA, 2, account_checks.waba, "GET /{waba_id}?fields=id,name,account_review_status"
    ),
    SetupLine(
        SetupKey.NUMBERS,
        3,
        number_checks.numbers,
        "GET /{waba_id}/phone_numbers?fields=id,display_phone_number,verified_name,quality_rating,"
        "code_verification_status,status",
    ),
    SetupLine(
        SetupKey.APP_SECRET, 4, account_checks.app_secret, "GET /debug_token?input_token={app_id}|…"
    ),
    SetupLine(
        SetupKey.SYSTEM_USER, 4, account_checks.system_user, "GET /debug_token?input_token=…"
    ),
    SetupLine(SetupKey.TOKEN, 4, account_checks.token, "GET /debug_token?input_token=…"),
    SetupLine(
        SetupKey.TEMPLATE,
        5,
        number_checks.template,
        "GET /{waba_id}/message_templates?fields=name,status,language",
    ),
    SetupLine(SetupKey.WEBHOOK, 6, webhook_steps.webhook, "GET /{app_id}/subscriptions"),
    SetupLine(
        SetupKey.SUBSCRIPTION, 6, webhook_steps.subscription, "GET /{waba_id}/subscribed_apps"
    ),
    SetupLine(SetupKey.ENVIRONMENT, 7, product_checks.environment),
    SetupLine(SetupKey.SERVICES, 7, product_checks.services),
    SetupLine(SetupKey.VERSION, 7, product_checks.version, "GET /{waba_id}?fields=id"),
    SetupLine(SetupKey.TEST, 8, product_checks.test),
    SetupLine(SetupKey.ASSIGNED, 9, number_checks.assigned),
    SetupLine(
        SetupKey.QUALITY,
        10,
        number_checks.quality,
        "GET /{waba_id}/phone_numbers?fields=id,quality_rating",
    ),
    SetupLine(
        SetupKey.BILLING, 10, account_checks.billing, "GET /{waba_id}?fields=primary_funding_id"
    ),
)
LINE_OF: dict[str, SetupLine] = {line.key.value: line for line in LINES}
