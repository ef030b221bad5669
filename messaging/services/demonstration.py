"""The demo: ten pilot bakeries with people, numbers, templates and some days of messages that look real."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from messaging import demo
from messaging.graph_api import template_text
from messaging.models import EventKind, Message, MessageEvent, MessageTemplate
from messaging.services import recipient_learning, usage
from messaging.services.accounts import NoAccountError, current_account
from messaging.statuses import MessageStatus
from tenants.models import (
    Membership,
    PhoneNumber,
    PhoneNumberAssignment,
    StaffRole,
    Tenant,
    User,
    WhatsAppBusinessAccount,
)
from tenants.services.staff import give_role

ADMIN = "admin"
SUPPORT = "support"
DAYS = 6
UNDELIVERABLE = 131026


@dataclass(frozen=True, slots=True)
class Login:
    username: str
    tenant_id: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class LoadedDemo:
    """`is_new` is False when the database had bakeries already; then nothing was changed."""

    is_new: bool
    admin: Login
    support: Login
    owners: list[Login]


def load_demo(*, password: str) -> LoadedDemo:
    """Load the demo into a database without bakeries, all or nothing; every log-in gets `password`."""
    with transaction.atomic():
        is_new = not Tenant.objects.exists()
        if is_new:
            _load(password)
    if is_new:  # Charts and costs need not wait for the next count.
        usage.count_stale_days()
        recipient_learning.learn()
    owners = [Login(bakery.slug, bakery.tenant_id, bakery.name) for bakery in demo.BAKERIES]
    return LoadedDemo(is_new, Login(ADMIN), Login(SUPPORT), owners)


def _load(password: str) -> None:
    account = _account()
    numbers = [_number(account, number) for number in demo.NUMBERS]
    default = next(number for number in numbers if number.is_default)
    templates = [_template(account, row) for row in demo.TEMPLATES]
    # Hashing is slow on purpose, so the one demo password is hashed once.
    admin = User(username=ADMIN, email="admin@platform.example")
    admin.set_password(password)
    admin.save()
    give_role(admin, StaffRole.PLATFORM_ADMIN)
    support = User.objects.create(
        username=SUPPORT, email="support@platform.example", password=admin.password
    )
    give_role(support, StaffRole.SUPPORT)
    now = timezone.now()
    chance = random.Random(20261122)  # noqa: S311 (the same demo every time)
    for bakery in demo.BAKERIES:
        tenant = _tenant(bakery, numbers, now - timedelta(days=DAYS + 1))
        owner = User.objects.create(
            username=bakery.slug,
            email=f"{bakery.slug}@bakery.example",
            first_name=bakery.owner_name.partition(" ")[0],
            last_name=bakery.owner_name.partition(" ")[2],
            password=admin.password,
        )
        Membership.objects.create(tenant=tenant, user=owner, role=Membership.Role.OWNER)
        sender = default if bakery.number is None else numbers[bakery.number]
        _History(tenant, sender, templates, chance, now).load()


def _account() -> WhatsAppBusinessAccount:
    try:
        account = current_account()
    except NoAccountError:
        account = WhatsAppBusinessAccount.objects.create(
            waba_id=demo.WABA_ID,
            app_id=demo.APP_ID,
            access_token=demo.ACCESS_TOKEN,
            app_secrets=demo.APP_SECRET,
            webhook_verify_token=demo.VERIFY_TOKEN,
        )
    # Its numbers and templates count as never read, so that a worker asks for them within seconds.
    WhatsAppBusinessAccount.objects.filter(pk=account.pk).update(
        name=demo.ACCOUNT_NAME,
        max_phone_numbers=demo.MAX_NUMBERS,
        max_phone_numbers_read_at=timezone.now(),
    )
    return account


def _number(account: WhatsAppBusinessAccount, number: demo.DemoNumber) -> PhoneNumber:
    row, _created = PhoneNumber.objects.update_or_create(
        phone_number_id=number.phone_number_id,
        defaults={
            "account": account,
            "display_phone_number": number.display_phone_number,
            "verified_name": number.verified_name,
            "is_default": number.phone_number_id == demo.FREE_PHONE_NUMBER_ID,
            "quality_rating": "GREEN" if number.is_verified else "UNKNOWN",
            "status": "CONNECTED" if number.is_verified else "PENDING",
            "name_status": "APPROVED",
            "code_verification_status": "VERIFIED" if number.is_verified else "NOT_VERIFIED",
            "platform_type": "CLOUD_API",
            "messaging_limit": "TIER_250",
            "throughput_level": "STANDARD",
            "last_synced_at": timezone.now(),
        },
    )
    return row


def _template(account: WhatsAppBusinessAccount, row: dict[str, Any]) -> MessageTemplate:
    template, _created = MessageTemplate.objects.update_or_create(
        account=account,
        name=row["name"],
        language=row["language"],
        defaults={
            "meta_template_id": row["id"],
            "status": row["status"],
            "category": row["category"],
            "quality_score": row["quality_score"]["score"],
            "parameter_format": row["parameter_format"],
            "components": row["components"],
        },
    )
    return template


def _tenant(bakery: demo.DemoBakery, numbers: list[PhoneNumber], since: datetime) -> Tenant:
    tenant = Tenant.objects.create(
        id=uuid.UUID(bakery.tenant_id),
        name=bakery.name,
        slug=bakery.slug,
        whatsapp_enabled=True,
        created_at=since,
    )
    if bakery.number is not None:
        PhoneNumberAssignment.objects.create(
            tenant=tenant, phone_number=numbers[bakery.number], assigned_by=ADMIN, assigned_at=since
        )
    return tenant


class _History:
    """Some days of one bakery's purchase orders, most of them read by the supplier within the hour."""

    def __init__(
        self,
        tenant: Tenant,
        sender: PhoneNumber,
        templates: list[MessageTemplate],
        chance: random.Random,
        now: datetime,
    ) -> None:
        self.tenant = tenant
        self.sender = sender
        self.templates = templates
        self.chance = chance
        self.now = now
        self.order = chance.randrange(12_000, 14_000)
        self.messages: list[Message] = []
        self.events: list[MessageEvent] = []

    def load(self) -> None:
        for day in range(DAYS, -1, -1):
            midnight = (self.now - timedelta(days=day)).replace(hour=0, minute=0, second=0)
            for _ in range(self.chance.randrange(3, 7)):
                at = midnight + timedelta(seconds=self.chance.randrange(6 * 3600, 19 * 3600))
                if at < self.now - timedelta(hours=1):
                    self._add(at)
        Message.objects.bulk_create(self.messages)
        MessageEvent.objects.bulk_create(self.events)

    def _add(self, at: datetime) -> None:
        supplier = self.chance.choice(demo.SUPPLIERS)
        is_order = self.chance.random() < 0.85
        template = self.templates[0 if is_order else 1]
        self.order += self.chance.randrange(1, 9)
        values = (
            [
                supplier.name,
                f"PO-{self.order}",
                f"€{self.chance.randrange(4_000, 90_000) / 100:.2f}",
            ]
            if is_order
            else ["Harina de fuerza", str(self.chance.randrange(4, 20)), "kg", "25", "kg"]
        )
        given = [
            {"type": "body", "parameters": [{"type": "text", "text": text} for text in values]}
        ]
        fitted = template_text.fit(
            template_components=template.components,
            parameter_format=template.parameter_format,
            given=given,
        )
        message = Message(
            id=uuid7(nanoseconds=int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1000),
            tenant=self.tenant,
            phone_number=self.sender,
            template=template,
            recipient_phone=supplier.phone,
            recipient_name=supplier.name,
            components=fitted.components,
            rendered_text=fitted.rendered_text,
            reference=f"PO-{self.order}" if is_order else "",
            requested_by="demo",
            wamid=f"wamid.HBgLDEMO{self.tenant.slug.upper()}{len(self.messages):04}",
            attempts=1,
            send_after=None,
            created_at=at,
            updated_at=at,
            expires_at=at + timedelta(hours=24),
        )
        self._deliver(message, at)
        self.messages.append(message)

    def _deliver(self, message: Message, at: datetime) -> None:
        fate = self.chance.random()
        self._note(message, EventKind.QUEUED, at)
        at += timedelta(milliseconds=self.chance.randrange(150, 600))
        message.status, message.accepted_at = MessageStatus.ACCEPTED, at
        self._note(message, EventKind.ACCEPTED, at)
        at += timedelta(seconds=self.chance.randrange(1, 3))
        message.status, message.sent_at = MessageStatus.SENT, at
        self._note(message, EventKind.SENT, at)
        if fate < 0.04:
            message.status, message.failed_at = MessageStatus.FAILED, at + timedelta(seconds=3)
            message.error_code = UNDELIVERABLE
            self._note(message, EventKind.FAILED, message.failed_at, code=UNDELIVERABLE)
            return
        at += timedelta(seconds=self.chance.randrange(1, 8))
        message.status, message.delivered_at = MessageStatus.DELIVERED, at
        message.pricing = {
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": "utility",
        }
        self._note(message, EventKind.DELIVERED, at)
        if fate > 0.16:
            at += timedelta(seconds=self.chance.randrange(20, 3000))
            message.status, message.read_at = MessageStatus.READ, at
            self._note(message, EventKind.READ, at)

    def _note(
        self, message: Message, kind: EventKind, at: datetime, *, code: int | None = None
    ) -> None:
        self.events.append(
            MessageEvent(message=message, kind=kind, at=at, recorded_at=at, code=code)
        )
