"""The admin of messages, and of what bakeries own as far as it needs messages or Meta."""

from __future__ import annotations

from messaging.admin.account import SendingAccountAdmin
from messaging.admin.alert import AlertAdmin
from messaging.admin.callback import CallbackAdmin
from messaging.admin.callback_delivery import CallbackDeliveryAdmin
from messaging.admin.inbound_message import InboundMessageAdmin
from messaging.admin.message import MessageAdmin
from messaging.admin.phone_number import SendingNumberAdmin
from messaging.admin.template import MessageTemplateAdmin
from messaging.admin.tenant import SendingTenantAdmin
from messaging.admin.timeline import MessageEventAdmin, SendAttemptAdmin
from messaging.admin.webhook_delivery import WebhookDeliveryAdmin

__all__ = [
    "AlertAdmin",
    "CallbackAdmin",
    "CallbackDeliveryAdmin",
    "InboundMessageAdmin",
    "MessageAdmin",
    "MessageEventAdmin",
    "MessageTemplateAdmin",
    "SendAttemptAdmin",
    "SendingAccountAdmin",
    "SendingNumberAdmin",
    "SendingTenantAdmin",
    "WebhookDeliveryAdmin",
]
