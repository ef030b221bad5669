from __future__ import annotations

from tenants.models.account import StopReason, WhatsAppBusinessAccount
from tenants.models.api_key import ApiKey, Scope
from tenants.models.assignment_round import AssignmentRound
from tenants.models.invitation import Invitation
from tenants.models.log_in import LogIn
from tenants.models.number_setup import NumberSetup
from tenants.models.own_phone import OwnPhone
from tenants.models.phone_number import PhoneNumber, PhoneNumberAssignment
from tenants.models.quality_reading import QualityReading
from tenants.models.second_factor import SecondFactor
from tenants.models.setting_change import SettingChange
from tenants.models.tenant import Membership, Tenant, TenantOwnedQuerySet
from tenants.models.user import StaffRole, User

__all__ = [
    "ApiKey",
    "AssignmentRound",
    "Invitation",
    "LogIn",
    "Membership",
    "NumberSetup",
    "OwnPhone",
    "PhoneNumber",
    "PhoneNumberAssignment",
    "QualityReading",
    "Scope",
    "SecondFactor",
    "SettingChange",
    "StaffRole",
    "StopReason",
    "Tenant",
    "TenantOwnedQuerySet",
    "User",
    "WhatsAppBusinessAccount",
]
