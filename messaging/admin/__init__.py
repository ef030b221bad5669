"""The admin of messages, and of what bakeries own as far as it needs messages or Meta."""

from __future__ import annotations

from messaging.admin.account import SendingAccountAdmin
from messaging.admin.alert import AlertAdmin
from messaging.admin.inbound_message import InboundMessageAdmin
from messaging.admin.message import MessageAdmin
from messaging.admin.phone_number import SendingNumberAdmin
from messaging.admin.template import MessageTemplateAdmin
from messaging.admin.template_change import TemplateChangeAdmin
from messaging.admin.template_draft import TemplateDraftAdmin
from messaging.admin.tenant import SendingTenantAdmin
from messaging.admin.timeline import MessageEventAdmin, SendAttemptAdmin
from messaging.admin.webhook_delivery import WebhookDeliveryAdmin

__all__ = [
    "AlertAdmin",
    "InboundMessageAdmin",
    "MessageAdmin",
    "MessageEventAdmin",
    "MessageTemplateAdmin",
    "SendAttemptAdmin",
    "SendingAccountAdmin",
    "SendingNumberAdmin",
    "SendingTenantAdmin",
    "TemplateChangeAdmin",
    "TemplateDraftAdmin",
    "WebhookDeliveryAdmin",
]
