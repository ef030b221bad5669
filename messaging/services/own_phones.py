"""Test messages of an owner to their own phone, which they have proved to be theirs.

There is no text for codes unless the platform has an approved one; else the test order itself carries the code as its
number. The approved texts say nothing of tests: what fills them does, for the phone may be somebody else's. What is kept of the message to be shown hides it: whoever asks could otherwise read it in the list of messages.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from messaging.graph_api.template_shape import shape_of
from messaging.models import Message, MessageTemplate, NoticeKind, Priority
from messaging.services.bakery_settings import offered_notices
from messaging.services.message_mails import language_of
from messaging.services.queueing import MessageRequest, queue_message
from messaging.services.switching import require_owner
from messaging.services.trial import REFERENCE, example_components
from tenants.models import OwnPhone, Tenant, User
from tenants.phone_numbers import normalised
from tenants.services.routing import sender_for

log = structlog.get_logger(__name__)

CODE_HOLDS = timedelta(minutes=15)
# A code or test costs what an order costs and reaches a phone that may be somebody else's.
WAIT_BETWEEN_CODES = timedelta(minutes=1)
MOST_A_DAY = 10
MOST_WRONG_CODES = 5
_SALT = "own-phone"
_FOR_CODES = "AUTHENTICATION"


class NothingToSendError(Exception):
    """The platform has no text yet that could be sent."""


class TooManyTestsError(Exception):
    """Another one has to wait: a minute after a code, until tomorrow after ten messages."""


class WrongCodeError(Exception):
    """The code is wrong, too old, or was tried too often."""


class NotVerifiedError(Exception):
    """The person has not proved a number to be theirs."""


@dataclass(frozen=True, slots=True)
class _Trial:
    template: MessageTemplate
    components: list[dict[str, Any]]
    secret: str = ""


def own_phone_of(user: User) -> OwnPhone | None:
    return OwnPhone.objects.filter(user=user).first()


def ask_code(tenant: Tenant, user: User, *, phone: str) -> OwnPhone:
    """Write a code to this number. Raises NotOwnerError, InvalidPhoneNumberError, NothingToSendError, TooManyTestsError
    and RefusedError.
    """
    require_owner(user, tenant)
    phone, code = normalised(phone), f"{secrets.randbelow(10**6):06}"
    template = _template_for_codes(tenant)
    with transaction.atomic():
        own = _locked(user, phone)
        now = timezone.now()
        if own.code_sent_at is not None and own.code_sent_at > now - WAIT_BETWEEN_CODES:
            raise TooManyTestsError
        _count(own)
        trial = _Trial(template, _with_code(template, tenant, code), secret=code)
        message = _send(tenant, user, to=phone, trial=trial)
        own.phone, own.verified_at, own.wrong_codes = phone, None, 0
        own.code_digest, own.code_sent_at, own.code_message = _digest(code, phone), now, message.pk
        own.save()
    log.info("Code sent to an owner's own number", user_id=user.pk, tenant_id=tenant.pk)
    return own


def confirm(user: User, *, code: str) -> OwnPhone:
    """Take the number for the person's own. Raises WrongCodeError."""
    with transaction.atomic():
        own = OwnPhone.objects.select_for_update().filter(user=user).first()
        if own is None or not _may_try(own):
            raise WrongCodeError
        is_right = constant_time_compare(own.code_digest, _digest(code, own.phone))
        if is_right:
            own.verified_at, own.code_digest = timezone.now(), ""
        else:
            own.wrong_codes += 1
        own.save()
    # Outside the transaction, which would forget the wrong try.
    if not is_right:
        raise WrongCodeError
    return own


def forget(user: User) -> None:
    """Forget the number; what was sent today still counts."""
    OwnPhone.objects.filter(user=user).update(phone="", verified_at=None, code_digest="")


def send_test(tenant: Tenant, user: User, kind: NoticeKind) -> Message:
    """Send the kind's text with its examples to the owner's number, on or off.

    Raises NotOwnerError, NotVerifiedError, NothingToSendError, TooManyTestsError and RefusedError.
    """
    require_owner(user, tenant)
    template = _offered(tenant).get(kind.template_name)
    if template is None:
        raise NothingToSendError
    with transaction.atomic():
        own = OwnPhone.objects.select_for_update().filter(user=user).first()
        if own is None or not own.is_verified:
            raise NotVerifiedError
        _count(own)
        own.save()
        trial = _Trial(template, _as_test(template, tenant))
        return _send(tenant, user, to=own.phone, trial=trial)


def _send(tenant: Tenant, user: User, *, to: str, trial: _Trial) -> Message:
    request = MessageRequest(
        tenant_id=tenant.pk,
        recipient_phone=to,
        recipient_name=user.get_short_name() or user.get_username(),
        template_name=trial.template.name,
        language=trial.template.language,
        components=trial.components,
        reference=REFERENCE,
        requested_by=f"bakery:{user.get_username()}"[:120],
        # Somebody waits for it with the phone in hand.
        priority=Priority.URGENT,
        is_trial=True,
        even_if_off=True,
        secret=trial.secret,
    )
    return queue_message(request).message


def _locked(user: User, phone: str) -> OwnPhone:
    own, _created = OwnPhone.objects.select_for_update().get_or_create(
        user=user, defaults={"phone": phone}
    )
    return own


def _count(own: OwnPhone) -> None:
    today = timezone.localdate()
    if own.sent_on != today:
        own.sent_on, own.sent_count = today, 0
    if own.sent_count >= MOST_A_DAY:
        raise TooManyTestsError
    own.sent_count += 1


def _may_try(own: OwnPhone) -> bool:
    if not own.code_digest or own.code_sent_at is None or own.wrong_codes >= MOST_WRONG_CODES:
        return False
    return own.code_sent_at >= timezone.now() - CODE_HOLDS


def _digest(code: str, phone: str) -> str:
    return salted_hmac(_SALT, f"{phone}:{code}", algorithm="sha256").hexdigest()


def _offered(tenant: Tenant) -> dict[str, MessageTemplate]:
    found = offered_notices(tenant, sender=sender_for(tenant))
    return {notice.kind.template_name: notice.template for notice in found if notice.template}


def _template_for_codes(tenant: Tenant) -> MessageTemplate:
    """Return Meta's kind of text for codes where the platform has one, else the first notice on offer."""
    sender = sender_for(tenant)
    if sender is not None:
        codes = MessageTemplate.objects.sendable().filter(
            account=sender.account_id, category=_FOR_CODES
        )
        fitting = sorted(codes.by_name(), key=lambda one: one.language != tenant.language)
        if fitting:
            return fitting[0]
    for template in _offered(tenant).values():
        return template
    raise NothingToSendError


def _as_test(
    template: MessageTemplate, tenant: Tenant, *, number: str = ""
) -> list[dict[str, Any]]:
    """Fill the template with its examples, but for a name and an order number: they say that it is a test, and whose.

    `number` stands in place of the order number.
    """
    components = example_components(template)
    values = [value for part in components for value in part["parameters"]]
    numbered = [value for value in values if any(map(str.isdigit, value["text"]))]
    named = [value for value in values if value not in numbered]
    with translation.override(language_of(template, tenant)):
        whose = _("TEST of %(bakery)s") % {"bakery": " ".join(tenant.name.split())}
        texts = (whose, number or _("TEST"))
    for found, text in zip((named, numbered or (number and values)), texts, strict=True):
        if found:
            found[0]["text"] = text
    return components


def _with_code(template: MessageTemplate, tenant: Tenant, code: str) -> list[dict[str, Any]]:
    """Fill the template so that it tells the code: alone in a text for codes, else in place of the order number."""
    components = example_components(template)
    values = [value for part in components for value in part["parameters"]]
    if not values:
        raise NothingToSendError
    if template.category == _FOR_CODES:
        values[0]["text"] = code
    else:
        with translation.override(language_of(template, tenant)):
            told = _("CODE %(code)s") % {"code": code}
        components = _as_test(template, tenant, number=told)
    buttons = shape_of(template.components).buttons
    return components + [
        {
            "type": "button",
            "sub_type": "url",
            "index": str(place),
            "parameters": [{"type": "text", "text": code}],
        }
        for place, button in enumerate(buttons)
        if button.has_variable
    ]
