from __future__ import annotations

from messaging.models.account_event import AccountEvent, Aspect
from messaging.models.alert import Alert, AlertKind
from messaging.models.announcement import Announcement, FirstWeek, FirstWeekAnswer
from messaging.models.calendar_feed import CalendarFeed
from messaging.models.callback import (
    Callback,
    CallbackDelivery,
    CallbackEvent,
    DeliveryStatus,
    DisabledReason,
)
from messaging.models.erasure import Erasure
from messaging.models.inbound_message import Asks, InboundMessage
from messaging.models.mail import Mail, MailKind, MailState
from messaging.models.message import IfUnconfirmed, Message, MessageQuerySet, Priority, WaitsFor
from messaging.models.message_mail import MessageMail, MessageMailState
from messaging.models.notice_kind import NoticeChoice, NoticeKind
from messaging.models.person_alias import PersonAlias
from messaging.models.price_rate import PriceCategory, PriceRate
from messaging.models.proof_link import ProofLink
from messaging.models.recipient import ConsentHow, Recipient
from messaging.models.setup_check import SetupCheck, SetupKey, SetupState
from messaging.models.suppression import Suppression
from messaging.models.template import MessageTemplate
from messaging.models.template_change import TemplateChange, TemplateChangeKind
from messaging.models.template_draft import TemplateDraft
from messaging.models.timeline import EventKind, MessageEvent, SendAttempt
from messaging.models.token_rotation import TokenRotation
from messaging.models.usage import CountedDay, DailyUsage
from messaging.models.webhook_delivery import (
    DeliveryOutcome,
    UnknownWebhookField,
    WebhookDelivery,
)

__all__ = [
    "AccountEvent",
    "Alert",
    "AlertKind",
    "Announcement",
    "Asks",
    "Aspect",
    "CalendarFeed",
    "Callback",
    "CallbackDelivery",
    "CallbackEvent",
    "ConsentHow",
    "CountedDay",
    "DailyUsage",
    "DeliveryOutcome",
    "DeliveryStatus",
    "DisabledReason",
    "Erasure",
    "EventKind",
    "FirstWeek",
    "FirstWeekAnswer",
    "IfUnconfirmed",
    "InboundMessage",
    "Mail",
    "MailKind",
    "MailState",
    "Message",
    "MessageEvent",
    "MessageMail",
    "MessageMailState",
    "MessageQuerySet",
    "MessageTemplate",
    "NoticeChoice",
    "NoticeKind",
    "PersonAlias",
    "PriceCategory",
    "PriceRate",
    "Priority",
    "ProofLink",
    "Recipient",
    "SendAttempt",
    "SetupCheck",
    "SetupKey",
    "SetupState",
    "Suppression",
    "TemplateChange",
    "TemplateChangeKind",
    "TemplateDraft",
    "TokenRotation",
    "UnknownWebhookField",
    "WaitsFor",
    "WebhookDelivery",
]
