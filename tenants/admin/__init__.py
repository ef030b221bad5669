"""The admin of what bakeries are and own. What also needs messages stands in messaging/admin."""

from __future__ import annotations

from tenants.admin.account import WhatsAppBusinessAccountAdmin
from tenants.admin.api_key import ApiKeyAdmin
from tenants.admin.assignment import AssignmentRoundAdmin, PhoneNumberAssignmentAdmin
from tenants.admin.number_quality import (
    NumberSetupAdmin,
    QualityOfNumber,
    QualityReadingAdmin,
)
from tenants.admin.own_phone import OwnPhoneAdmin
from tenants.admin.phone_number import PhoneNumberAdmin
from tenants.admin.setting_change import SettingChangeAdmin
from tenants.admin.tenant import TenantAdmin
from tenants.admin.user import (
    InvitationAdmin,
    LogInAdmin,
    MembershipAdmin,
    SecondFactorAdmin,
    UserAdmin,
)

__all__ = [
    "ApiKeyAdmin",
    "AssignmentRoundAdmin",
    "InvitationAdmin",
    "LogInAdmin",
    "MembershipAdmin",
    "NumberSetupAdmin",
    "OwnPhoneAdmin",
    "PhoneNumberAdmin",
    "PhoneNumberAssignmentAdmin",
    "QualityOfNumber",
    "QualityReadingAdmin",
    "SecondFactorAdmin",
    "SettingChangeAdmin",
    "TenantAdmin",
    "UserAdmin",
    "WhatsAppBusinessAccountAdmin",
]
