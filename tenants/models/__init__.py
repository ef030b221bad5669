from __future__ import annotations

from tenants.models.account import StopReason, WhatsAppBusinessAccount
from tenants.models.api_key import ApiKey, Scope
from tenants.models.assignment_round import AssignmentRound
from tenants.models.number_setup import NumberSetup
from tenants.models.phone_number import PhoneNumber, PhoneNumberAssignment
from tenants.models.quality_reading import QualityReading
from tenants.models.tenant import Membership, Tenant, TenantOwnedQuerySet
from tenants.models.user import StaffRole, User

__all__ = [
    "ApiKey",
    "AssignmentRound",
    "Membership",
    "NumberSetup",
    "PhoneNumber",
    "PhoneNumberAssignment",
    "QualityReading",
    "Scope",
    "StaffRole",
    "StopReason",
    "Tenant",
    "TenantOwnedQuerySet",
    "User",
    "WhatsAppBusinessAccount",
]
