"""Which changes are logged with old and new value, and who made them.

Configuration only: what somebody decides. Messages, statuses, webhooks, what Meta tells and counters have histories
of their own, and the sending path must not pay for this. Neither do assignments need it: PhoneNumberAssignment is their
history, with who and why. Nor does what an owner decides: SettingChange holds it, whoever changes it, and the bakery
reads it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from auditlog.models import LogEntry
from auditlog.registry import auditlog
from django.db.models import Model
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse

from messaging.models import (
    Callback,
    FirstWeek,
    MessageTemplate,
    NoticeKind,
    PriceRate,
    SetupCheck,
    Suppression,
    TemplateDraft,
)
from tenants.addresses import UNKNOWN, client_address, network_of
from tenants.models import (
    ApiKey,
    Invitation,
    Membership,
    NumberSetup,
    PhoneNumber,
    Tenant,
    User,
    WhatsAppBusinessAccount,
)

# What is left out is written by the product itself, not by a person.
_LEFT_OUT: dict[type[Model], list[str]] = {
    Tenant: [
        "suspended_at",
        "updated_at",
        # SettingChange holds these.
        "whatsapp_enabled",
        "quiet_from",
        "quiet_until",
        "own_monthly_limit",
    ],
    Membership: [],
    Invitation: [],
    User: ["last_login"],
    ApiKey: ["last_used_at"],
    PriceRate: ["imported_at"],
    NoticeKind: [],
    TemplateDraft: ["updated_at", "submitting_since", "unanswered_at"],
    Suppression: ["last_asked_at", "asked_in", "lifted_in"],
}
# Of these rows most is told by Meta; what people decide is less.
_LOGGED: dict[type[Model], list[str]] = {
    PhoneNumber: ["is_default", "phone_number_id", "display_phone_number", "account"],
    NumberSetup: ["pin"],
    SetupCheck: ["confirmed_by", "confirmed_at"],
    FirstWeek: ["started_at", "ended_at"],
    MessageTemplate: ["name", "language", "components", "category", "paused_at"],
    WhatsAppBusinessAccount: [
        "waba_id",
        "name",
        "app_id",
        "access_token",
        "app_secrets",
        "webhook_verify_token",
        "previous_access_token",
        "sending_paused_at",
        "sending_stopped_at",
        "sending_stopped_code",
        "sending_stopped_reason",
        "sending_stopped_until",
    ],
    Callback: [
        "tenant",
        "url",
        "events",
        "secret",
        "previous_secret",
        "created_by",
        "disabled_at",
        "disabled_reason",
    ],
}
_SECRET: dict[type[Model], list[str]] = {
    User: ["password"],
    ApiKey: ["secret_digest"],
    NumberSetup: ["pin"],
    WhatsAppBusinessAccount: [
        "access_token",
        "app_secrets",
        "webhook_verify_token",
        "previous_access_token",
    ],
    Callback: ["secret", "previous_secret"],
}

_request: ContextVar[HttpRequest | None] = ContextVar("request_of_changes", default=None)


def log_changes() -> None:
    """Called once the apps are loaded."""
    for model in (*_LEFT_OUT, *_LOGGED):
        auditlog.register(
            model,
            include_fields=_LOGGED.get(model),
            exclude_fields=list(_LEFT_OUT.get(model, [])),
            mask_fields=list(_SECRET.get(model, [])),
            mask_callable="tenants.audit.hidden",
            m2m_fields={"groups"} if model is User else None,
        )
    auditlog.register(
        Suppression,
        exclude_fields=_LEFT_OUT[Suppression],
        mask_fields=["phone", "user_id"],
        mask_callable="tenants.audit.masked_person",
    )
    pre_save.connect(_sign, sender=LogEntry, dispatch_uid="sign_change")


class ChangesOfRequest:
    """Remembers the request while it is answered, so that each change can say who made it.

    django-auditlog's own middleware connects a signal for each request, which asks who is there even where nothing is
    changed; this costs one assignment.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with changes_by(request):
            return self.get_response(request)


@contextmanager
def changes_by(request: HttpRequest) -> Iterator[None]:
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def _sign(instance: Any, **kwargs: Any) -> None:
    """Write who and from where: a person, or the API key; nobody when a worker or a command did it."""
    request = _request.get()
    if request is None:
        return
    network = network_of(client_address(request))
    instance.remote_addr = None if network == UNKNOWN else network.partition("/")[0]
    by = ""
    if isinstance(key := getattr(request, "auth", None), ApiKey):
        by = f"{key.label} ({key.prefix}…)"
    elif request.user.is_authenticated:
        by = request.user.get_username()
        if not _is_farewell(instance, request.user.pk):
            instance.actor_id = request.user.pk
    # The line may outlive the person.
    instance.additional_data = {**(instance.additional_data or {}), "by": by}


def _is_farewell(entry: Any, person: Any) -> bool:
    """Whether somebody deletes themselves: the line may not point at a person who is gone a moment later."""
    kind = entry.content_type.model_class()
    return kind is User and entry.action == LogEntry.Action.DELETE and entry.object_id == person
