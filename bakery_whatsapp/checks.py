"""System checks of what may be set wrongly. In production the dangerous ones are Errors, and every process refuses to start."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Sequence
from typing import Any

import structlog
from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils import timezone

from messaging.graph_api.versions import CURRENT_VERSION, version_problem
from messaging.services import callback_targets, language_fallback
from tenants.fields import UndecryptableError
from tenants.models import WhatsAppBusinessAccount

log = structlog.get_logger(__name__)

ENVIRONMENTS = ("development", "test", "production")


def _is_production() -> bool:
    return settings.ENVIRONMENT not in {"development", "test"}


def _severe(message: str, *, hint: str, check_id: str) -> checks.CheckMessage:
    """An Error where it would hurt somebody, a Warning elsewhere."""
    kind = checks.Error if _is_production() else checks.Warning
    return kind(message, hint=hint, id=check_id)


def check_environment(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    if settings.ENVIRONMENT in ENVIRONMENTS:
        return []
    return [
        checks.Error(
            f"ENVIRONMENT={settings.ENVIRONMENT} is unknown.",
            hint=f"Use one of {', '.join(ENVIRONMENTS)}; it is treated as production.",
            id="bakery_whatsapp.E001",
        )
    ]


def check_secrets(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    try:
        has_secret_key = bool(settings.SECRET_KEY)
    except ImproperlyConfigured:
        has_secret_key = False
    if not has_secret_key:
        found.append(
            _severe(
                "SECRET_KEY is not set.",
                hint="Set 50 random characters.",
                check_id="bakery_whatsapp.E002",
            )
        )
    if not settings.FIELD_ENCRYPTION_KEYS:
        found.append(
            _severe(
                "FIELD_ENCRYPTION_KEYS is not set.",
                hint="Set one Fernet key or several, the newest first; .env.example says how to make one.",
                check_id="bakery_whatsapp.E003",
            )
        )
    elif not all(_is_fernet_key(key) for key in settings.FIELD_ENCRYPTION_KEYS):
        found.append(
            checks.Error(
                "FIELD_ENCRYPTION_KEYS holds something that is no Fernet key, so no secret could be read or stored.",
                hint=".env.example says how to make one.",
                id="bakery_whatsapp.E003",
            )
        )
    if not settings.WHATSAPP_APP_SECRETS:
        found.append(
            _severe(
                "WHATSAPP_APP_SECRET is not set: nobody could tell Meta's webhooks from forged ones.",
                hint="Copy it from the Meta app: App settings, Basic, App secret.",
                check_id="bakery_whatsapp.E004",
            )
        )
    return found


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def check_production(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.WHATSAPP_SIMULATOR and _is_production():
        found.append(
            checks.Error(
                "WHATSAPP_SIMULATOR is on in production.",
                hint="Unset it, or set ENVIRONMENT=development.",
                id="bakery_whatsapp.E005",
            )
        )
    if settings.DEBUG and _is_production():
        found.append(
            checks.Error(
                "DEBUG is on in production.", hint="Unset DEBUG.", id="bakery_whatsapp.E006"
            )
        )
    return found


def check_api_version(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    version = settings.WHATSAPP_API_VERSION
    problem = version_problem(version, today=timezone.now().date())
    if problem is None:
        return []
    sentence = {
        "expired": f"WHATSAPP_API_VERSION={version} expired on {problem.usable_until}.",
        "expiring": f"WHATSAPP_API_VERSION={version} expires on {problem.usable_until}.",
        "unknown": f"WHATSAPP_API_VERSION={version} is not in our table of Graph API versions.",
    }[problem.kind]
    return [
        checks.Warning(sentence, hint=f"Set it to {CURRENT_VERSION}.", id="bakery_whatsapp.W007")
    ]


def check_language_fallback(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    try:
        language_fallback.parsed(settings.WHATSAPP_LANGUAGE_FALLBACK)
    except language_fallback.MalformedFallbackError as error:
        return [
            checks.Error(
                f"WHATSAPP_LANGUAGE_FALLBACK cannot be read: {error}",
                hint="Write language:substitute,substitute;language:substitute with Meta's codes, or leave it empty.",
                id="bakery_whatsapp.E011",
            )
        ]
    return []


def check_billing(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    """Without a time zone no day can be counted, and without a currency no price preferred."""
    found: list[checks.CheckMessage] = []
    if settings.WHATSAPP_BILLING_TIME_ZONE not in zoneinfo.available_timezones():
        found.append(
            checks.Error(
                "WHATSAPP_BILLING_TIME_ZONE is no time zone.",
                hint="Use one such as Europe/Madrid: the account's in WhatsApp Manager.",
                id="bakery_whatsapp.E018",
            )
        )
    if not re.fullmatch(r"[A-Z]{3}", settings.WHATSAPP_BILLING_CURRENCY):
        found.append(
            checks.Error(
                "WHATSAPP_BILLING_CURRENCY is no currency.",
                hint="Write the three letters of the account's currency, such as EUR.",
                id="bakery_whatsapp.E019",
            )
        )
    return found


def check_callback_networks(app_configs: object, **kwargs: Any) -> list[checks.CheckMessage]:
    try:
        callback_targets.parsed(tuple(settings.CALLBACK_ALLOWED_NETWORKS))
    except ValueError as error:
        return [
            checks.Error(
                f"CALLBACK_ALLOWED_NETWORKS cannot be read: {error}.",
                hint="Write networks such as 10.20.0.0/16,fd00:1::/64, or leave it empty.",
                id="bakery_whatsapp.E012",
            )
        ]
    return []


def check_stored_account(
    app_configs: object, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """What only the database tells; runs with `check --database default` and when a process starts."""
    if not databases:
        return []
    try:
        account = WhatsAppBusinessAccount.objects.order_by("id").first()
    except (DatabaseError, UndecryptableError) as error:
        return [
            checks.Warning(
                f"The stored WhatsApp account cannot be read ({type(error).__name__}).",
                hint="Check DATABASE_URL and FIELD_ENCRYPTION_KEYS, and run the migrations.",
                id="bakery_whatsapp.W008",
            )
        ]
    if account is None:
        return []
    return [*_differences(account), *_temporary_token(account)]


def _differences(account: WhatsAppBusinessAccount) -> list[checks.CheckMessage]:
    """The environment fills an empty database once; afterwards the database wins, and a difference should be known."""
    default = account.phone_numbers.filter(is_default=True).first()
    stored: dict[str, tuple[object, object]] = {
        "WHATSAPP_BUSINESS_ACCOUNT_ID": (settings.WHATSAPP_BUSINESS_ACCOUNT_ID, account.waba_id),
        "WHATSAPP_ACCESS_TOKEN": (settings.WHATSAPP_ACCESS_TOKEN, account.access_token),
        "WHATSAPP_APP_ID": (settings.WHATSAPP_APP_ID, account.app_id),
        "WHATSAPP_APP_SECRET": (settings.WHATSAPP_APP_SECRETS, account.app_secret_list),
        "WHATSAPP_WEBHOOK_VERIFY_TOKEN": (
            settings.WHATSAPP_WEBHOOK_VERIFY_TOKEN,
            account.webhook_verify_token,
        ),
        "WHATSAPP_PHONE_NUMBER_ID": (
            settings.WHATSAPP_PHONE_NUMBER_ID,
            default.phone_number_id if default else "",
        ),
    }
    return [
        checks.Warning(
            f"{name} differs from what the database holds, and the database counts.",
            hint="Change it in the admin, or take it out of the environment.",
            id="bakery_whatsapp.W009",
        )
        for name, (given, kept) in stored.items()
        if given and given != kept
    ]


def _temporary_token(account: WhatsAppBusinessAccount) -> list[checks.CheckMessage]:
    if not account.token_looks_temporary:
        return []
    return [
        checks.Warning(
            "The access token looks temporary: it will die within hours or days.",
            hint="Generate a system user token (setup guide, step 4) and store that one.",
            id="bakery_whatsapp.W010",
        )
    ]


def register_all() -> None:
    for check in (
        check_environment,
        check_secrets,
        check_production,
        check_api_version,
        check_language_fallback,
        check_billing,
        check_callback_networks,
    ):
        checks.register(check)
    checks.register(check_stored_account, checks.Tags.database)


def ensure_startable() -> None:
    """Raise ImproperlyConfigured when a check of ours finds an Error. Servers and workers call it, as no `check` runs there."""
    found = [message for message in checks.run_checks() if _is_ours(message)]
    errors = [message for message in found if message.is_serious(checks.ERROR)]
    if errors:
        raise ImproperlyConfigured(" ".join(_sentence(error) for error in errors))
    for message in [*found, *check_stored_account(None, databases=["default"])]:
        log.warning("Check the settings", check=message.id, finding=_sentence(message))


def _is_ours(message: checks.CheckMessage) -> bool:
    return str(message.id).partition(".")[0] in {"bakery_whatsapp", "tenants", "messaging"}


def _sentence(error: checks.CheckMessage) -> str:
    return f"{error.msg} {error.hint or ''}".strip()
