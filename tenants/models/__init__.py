from __future__ import annotations

from tenants.models.account import StopReason, WhatsAppBusinessAccount
from tenants.models.api_key import ApiKey, Scope
from tenants.models.phone_number import PhoneNumber, PhoneNumberAssignment
from tenants.models.tenant import Membership, Tenant, TenantOwnedQuerySet
from tenants.models.user import User

__all__ = [
    "ApiKey",
    "Membership",
    "PhoneNumber",
    "PhoneNumberAssignment",
    "Scope",
    "StopReason",
    "Tenant",
    "TenantOwnedQuerySet",
    "User",
    "WhatsAppBusinessAccount",
]
