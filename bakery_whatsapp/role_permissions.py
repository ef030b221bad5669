"""What each role of the platform's staff may do. The database's groups follow this file after every `migrate`.

Platform admins may everything that the apps below know. Support reads and sends again: no secret, no token, no key,
nobody's rights, no bakery's number. It reads bodies of webhooks, which say about people what the pages of messages
say anyway, for what went wrong is found nowhere else.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db.models.signals import post_migrate

from tenants.models import StaffRole, User

PLATFORM_ADMIN_APPS = ("tenants", "messaging")
# Logs, which nobody changes. They name people and addresses, so support does not read them.
PLATFORM_ADMIN_ALSO = frozenset({"auditlog.view_logentry", "axes.view_accessattempt"})

SUPPORT = frozenset(
    {
        "tenants.view_assignmentround",
        "tenants.view_invitation",
        "tenants.view_membership",
        "tenants.view_numbersetup",
        "tenants.view_phonenumber",
        "tenants.view_phonenumberassignment",
        "tenants.view_qualityreading",
        "tenants.view_settingchange",
        "tenants.view_tenant",
        "tenants.view_user",
        "tenants.view_whatsappbusinessaccount",
        "messaging.view_accountevent",
        "messaging.view_alert",
        "messaging.view_announcement",
        "messaging.view_callback",
        "messaging.view_callbackdelivery",
        "messaging.view_calendarfeed",
        "messaging.view_countedday",
        "messaging.view_dailyusage",
        "messaging.view_erasure",
        "messaging.view_firstweek",
        "messaging.view_firstweekanswer",
        "messaging.view_inboundmessage",
        "messaging.view_mail",
        "messaging.view_message",
        "messaging.view_messageevent",
        "messaging.view_messagemail",
        "messaging.view_messagetemplate",
        "messaging.view_noticechoice",
        "messaging.view_noticekind",
        "messaging.view_personalias",
        "messaging.view_pricerate",
        "messaging.view_prooflink",
        "messaging.view_recipient",
        "messaging.view_sendattempt",
        "messaging.view_setupcheck",
        "messaging.view_suppression",
        "messaging.view_templatechange",
        # The stages only: fingerprints and what Meta says take a right to change the token.
        "messaging.view_tokenrotation",
        "messaging.view_unknownwebhookfield",
        "messaging.view_webhookdelivery",
        "messaging.resend_message",
        "messaging.cancel_message",
        "messaging.ask_meta_message",
        # Tell a callback again.
        "messaging.change_callbackdelivery",
        # Send a mail that failed once more.
        "messaging.resend_mail",
    }
)


def permissions_of(role: StaffRole) -> list[Permission]:
    def may(app: str, codename: str) -> bool:
        if role is StaffRole.PLATFORM_ADMIN and app in PLATFORM_ADMIN_APPS:
            return True
        wanted = SUPPORT if role is StaffRole.SUPPORT else PLATFORM_ADMIN_ALSO
        return f"{app}.{codename}" in wanted

    known = Permission.objects.select_related("content_type")
    return [row for row in known if may(row.content_type.app_label, row.codename)]


def synchronise(**kwargs: Any) -> None:
    """Make the groups what this file says. Also lets superusers of earlier versions stand in their role."""
    for role in StaffRole:
        group, _created = Group.objects.get_or_create(name=role.value)
        group.permissions.set(permissions_of(role))
    admins = Group.objects.get(name=StaffRole.PLATFORM_ADMIN.value)
    admins.user_set.add(*User.objects.filter(is_superuser=True, is_staff=True))


def synchronise_after_migrate() -> None:
    # The signal comes once for each app; with the last one's all permissions exist.
    last = list(apps.get_app_configs())[-1]
    post_migrate.connect(synchronise, sender=last, dispatch_uid="role_permissions")
