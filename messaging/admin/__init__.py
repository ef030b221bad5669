"""The admin of messages, and of what bakeries own as far as it needs messages or Meta."""

from __future__ import annotations

from messaging.admin.account import SendingAccountAdmin
from messaging.admin.account_event import AccountEventAdmin
from messaging.admin.alert import AlertAdmin
from messaging.admin.announcement import AnnouncementAdmin
from messaging.admin.assignment import SendingAssignmentAdmin
from messaging.admin.audit_log import AttemptAdmin, ChangeAdmin
from messaging.admin.calendar_feed import CalendarFeedAdmin
from messaging.admin.callback import CallbackAdmin
from messaging.admin.callback_delivery import CallbackDeliveryAdmin
from messaging.admin.first_week import FirstWeekAdmin, FirstWeekAnswerAdmin
from messaging.admin.inbound_message import InboundMessageAdmin
from messaging.admin.mail import MailAdmin
from messaging.admin.message import MessageAdmin
from messaging.admin.notice_kind import NoticeChoiceAdmin, NoticeKindAdmin
from messaging.admin.person_alias import PersonAliasAdmin
from messaging.admin.phone_number import SendingNumberAdmin
from messaging.admin.price_rate import PriceRateAdmin
from messaging.admin.recipient import ErasureAdmin, ProofLinkAdmin, RecipientAdmin
from messaging.admin.setup_check import SetupCheckAdmin
from messaging.admin.suppression import SuppressionAdmin
from messaging.admin.template import MessageTemplateAdmin
from messaging.admin.template_change import TemplateChangeAdmin
from messaging.admin.template_draft import TemplateDraftAdmin
from messaging.admin.tenant import SendingTenantAdmin
from messaging.admin.timeline import MessageEventAdmin, MessageMailAdmin, SendAttemptAdmin
from messaging.admin.token_rotation import TokenRotationAdmin
from messaging.admin.usage import CountedDayAdmin, DailyUsageAdmin
from messaging.admin.webhook_delivery import UnknownWebhookFieldAdmin, WebhookDeliveryAdmin

__all__ = [
    "AccountEventAdmin",
    "AlertAdmin",
    "AnnouncementAdmin",
    "AttemptAdmin",
    "CalendarFeedAdmin",
    "CallbackAdmin",
    "CallbackDeliveryAdmin",
    "ChangeAdmin",
    "CountedDayAdmin",
    "DailyUsageAdmin",
    "ErasureAdmin",
    "FirstWeekAdmin",
    "FirstWeekAnswerAdmin",
    "InboundMessageAdmin",
    "MailAdmin",
    "MessageAdmin",
    "MessageEventAdmin",
    "MessageMailAdmin",
    "MessageTemplateAdmin",
    "NoticeChoiceAdmin",
    "NoticeKindAdmin",
    "PersonAliasAdmin",
    "PriceRateAdmin",
    "ProofLinkAdmin",
    "RecipientAdmin",
    "SendAttemptAdmin",
    "SendingAccountAdmin",
    "SendingAssignmentAdmin",
    "SendingNumberAdmin",
    "SendingTenantAdmin",
    "SetupCheckAdmin",
    "SuppressionAdmin",
    "TemplateChangeAdmin",
    "TemplateDraftAdmin",
    "TokenRotationAdmin",
    "UnknownWebhookFieldAdmin",
    "WebhookDeliveryAdmin",
]
