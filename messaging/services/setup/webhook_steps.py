"""Step 6 of the guide: is our address as Meta wants it, does Meta post there, and of what does it tell us."""

from __future__ import annotations

from messaging.graph_api.catalogue import is_credential_error
from messaging.services.setup.fields import NEEDED, USEFUL
from messaging.services.setup.outcomes import (
    NotReadyError,
    Outcome,
    UnansweredError,
    done,
    needs_you,
)
from messaging.services.setup.reading import Reading
from messaging.services.webhook_address import ask_address, is_ours, our_address, shown, worst_of
from messaging.services.webhook_checks import (
    Cause,
    Finding,
    Result,
    find_address,
    find_subscription,
)

_NUMBERS_ASKED = 3


def webhook(reading: Reading) -> Outcome:
    """Put the guide's five questions to our address, then see whether Meta posts there."""
    if not reading.account.webhook_verify_token:
        return needs_you("verify_token_missing", address=our_address())
    answers = ask_address()
    facts = {
        "address": our_address(),
        "answers": [answer.as_json() for answer in answers],
    }
    if worst := worst_of(answers):
        return needs_you("address_bad", cause=worst.cause.value, fact=worst.fact, **facts)
    if elsewhere := _where_else(reading):
        return needs_you("posts_elsewhere", elsewhere=elsewhere, **facts)
    registered = reading.app_subscription()
    if registered is None or not registered.is_active or not registered.callback_url:
        return needs_you("not_registered", **facts)
    if not is_ours(registered.callback_url):
        elsewhere = shown(registered.callback_url)
        return needs_you("posts_elsewhere", elsewhere=elsewhere, **facts)
    return done("webhook_verified", **facts)


def _where_else(reading: Reading) -> str:
    """Return the address that a number or the account sends its webhooks to instead of ours; empty when none does."""
    numbers = reading.connected.phone_numbers.order_by("-is_default", "id")[:_NUMBERS_ASKED]
    finding = _answered(reading, find_address(reading.api(), list(numbers)))
    return finding.fact if finding.cause is Cause.OTHER_ADDRESS else ""


def subscription(reading: Reading) -> Outcome:
    """The app compared with the token's own one, for any other app's subscription is none of ours."""
    app_id, _secret = reading.app
    finding = _answered(reading, find_subscription(reading.api(), reading.connected))
    if finding.cause is Cause.NOT_SUBSCRIBED:
        return needs_you("not_subscribed", app_id=app_id)
    if finding.cause is Cause.OTHER_ADDRESS:
        return needs_you("account_override", elsewhere=finding.fact, app_id=app_id)
    registered = reading.app_subscription()
    fields = list(registered.fields) if registered else []
    facts = {"app_id": app_id, "fields": fields}
    if missing := [name for name in NEEDED if name not in fields]:
        return needs_you("fields_missing", missing=missing, **facts)
    return done("subscribed", missing=[name for name in USEFUL if name not in fields], **facts)


def _answered(reading: Reading, finding: Finding) -> Finding:
    """Raises UnansweredError where Meta refused or did not answer, NotReadyError where the cause has a line of its own."""
    if finding.cause is Cause.NO_APP:
        raise NotReadyError("no_app")
    if (finding.result, finding.cause) == (Result.UNKNOWN, Cause.META_REFUSED):
        code = int(finding.fact) if finding.fact.isdigit() else None
        if is_credential_error(code):
            raise reading.refuse_token(code)
        reading.account_facts()
        raise UnansweredError(finding.fact)
    return finding
