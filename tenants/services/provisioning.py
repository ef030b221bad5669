"""Bakeries as the platform makes them: under its own UUID, with a short name of their own."""

from __future__ import annotations

import unicodedata
import uuid

import structlog
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tenants.models import PhoneNumber, SettingChange, Tenant
from tenants.services.assignments import assign_number
from tenants.services.setting_changes import note, on_or_off

log = structlog.get_logger(__name__)

_NAME_LENGTH = 200
_SLUG_LENGTH = 60


class InvalidTenantError(ValueError):
    """A bakery that cannot be made so. The message says what to write instead."""


class UnknownNumberError(LookupError):
    """No sending number has this id."""


def create_tenant(
    *,
    name: str,
    by: str,
    tenant_id: uuid.UUID | None = None,
    phone_number_id: str | None = None,
    whatsapp_enabled: bool = False,
) -> Tenant:
    """Make a bakery, with a number at once when `phone_number_id` (Meta's id) is given; both or neither happen.

    Raises InvalidTenantError, UnknownNumberError, and the errors of `assign_number`.
    """
    with transaction.atomic():
        number = number_with_id(phone_number_id) if phone_number_id else None
        key = tenant_id or uuid.uuid4()
        tenant, created = put_tenant(tenant_id=key, name=name, keep=True, by=by)
        if not created:
            raise InvalidTenantError(_("A bakery with this id exists already."))
        if whatsapp_enabled:
            Tenant.objects.filter(pk=tenant.pk).update(whatsapp_enabled=True)
            tenant.whatsapp_enabled = True
            _note_switch(tenant, before=False, by=by)
        if number is not None:
            assign_number(tenant=tenant, phone_number=number, by=by)
    return tenant


def put_tenant(
    *,
    tenant_id: uuid.UUID,
    name: str,
    by: str,
    whatsapp_enabled: bool | None = None,
    keep: bool = False,
) -> tuple[Tenant, bool]:
    """Create the bakery, or rename it unless `keep`; the second value says whether it is new.

    A repeat changes nothing, also when both calls come at once. The short name stays when the bakery is renamed, for
    addresses contain it. Raises InvalidTenantError.
    """
    changes: dict[str, object] = {"name": _clean_name(name)}
    if whatsapp_enabled is not None:
        changes["whatsapp_enabled"] = whatsapp_enabled
    try:
        return _put(tenant_id, {} if keep else changes, changes, by=by)
    except IntegrityError:
        # Another bakery took the short name meanwhile; now it is seen and another one is chosen.
        return _put(tenant_id, {} if keep else changes, changes, by=by)


def number_with_id(phone_number_id: str) -> PhoneNumber:
    """Return the number with Meta's id. Raises UnknownNumberError."""
    number = PhoneNumber.objects.filter(phone_number_id=phone_number_id).first()
    if number is None:
        raise UnknownNumberError(
            _("No sending number has this id. Read the numbers from Meta first.")
        )
    return number


def _put(
    tenant_id: uuid.UUID, changes: dict[str, object], all_values: dict[str, object], *, by: str
) -> tuple[Tenant, bool]:
    slug = _free_slug(str(all_values["name"]), tenant_id)
    with transaction.atomic():
        known = Tenant.objects.select_for_update(no_key=True).filter(pk=tenant_id)
        before = known.values_list("whatsapp_enabled", flat=True).first()
        tenant, created = Tenant.objects.update_or_create(
            pk=tenant_id, defaults=changes, create_defaults={**all_values, "slug": slug}
        )
        _note_switch(tenant, before=bool(before), by=by)
    if created:
        log.info("Bakery created", tenant_id=tenant.pk)
    elif changes:
        log.info("Bakery changed", tenant_id=tenant.pk, changed=sorted(changes))
    return tenant, created


def _note_switch(tenant: Tenant, *, before: bool, by: str) -> None:
    after = on_or_off(tenant.whatsapp_enabled)
    note(tenant, SettingChange.What.SWITCH, before=on_or_off(before), after=after, by=by)


def _free_slug(name: str, tenant_id: uuid.UUID) -> str:
    slug = slugify(name)[:_SLUG_LENGTH].strip("-_") or "bakery"
    if Tenant.objects.filter(slug=slug).exclude(pk=tenant_id).exists():
        return f"{slug}-{tenant_id.hex[-8:]}"
    return slug


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or any(unicodedata.category(character) in {"Cc", "Cs"} for character in clean):
        raise InvalidTenantError(_("Write the bakery's name in letters."))
    if len(clean) > _NAME_LENGTH:
        raise InvalidTenantError(_("The bakery's name may have at most 200 characters."))
    return clean
