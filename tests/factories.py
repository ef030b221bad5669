"""The smallest valid rows; a test states what matters to it."""

from __future__ import annotations

import random
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth.models import Group
from django.utils import timezone

from messaging import demo
from messaging.models import (
    Callback,
    CallbackEvent,
    Message,
    MessageTemplate,
    NoticeKind,
    PriceRate,
    Recipient,
)
from messaging.models.message import first_id_at
from messaging.statuses import MessageStatus
from tenants.models import (
    ApiKey,
    Membership,
    PhoneNumber,
    PhoneNumberAssignment,
    StaffRole,
    Tenant,
    User,
    WhatsAppBusinessAccount,
)
from tenants.models.api_key import DEFAULT_SCOPES, digest

PASSWORD = "a-long-invented-password"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda person: f"{person.username}@bakery.example")
    password = factory.django.Password(PASSWORD)


def _role(role: StaffRole) -> Any:
    return factory.PostGeneration(
        lambda user, create, given, **kwargs: user.groups.add(Group.objects.get(name=given or role))
    )


class StaffFactory(UserFactory):
    """A platform admin, or whatever `role` says."""

    is_staff = True
    role = _role(StaffRole.PLATFORM_ADMIN)


class SupportFactory(StaffFactory):
    """Reads and sends again, and nothing else."""

    role = _role(StaffRole.SUPPORT)


class TenantFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tenant

    name = factory.Sequence(lambda n: f"Panadería {n}")
    slug = factory.Sequence(lambda n: f"panaderia-{n}")
    whatsapp_enabled = True


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    tenant = factory.SubFactory(TenantFactory)
    user = factory.SubFactory(UserFactory)
    role = Membership.Role.OWNER


class AccountFactory(factory.django.DjangoModelFactory):
    """The one master account; a second call returns the first row."""

    class Meta:
        model = WhatsAppBusinessAccount
        django_get_or_create = ("waba_id",)

    waba_id = demo.WABA_ID
    name = demo.ACCOUNT_NAME
    app_id = demo.APP_ID
    access_token = demo.ACCESS_TOKEN
    app_secrets = demo.APP_SECRET
    webhook_verify_token = demo.VERIFY_TOKEN


class PhoneNumberFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PhoneNumber

    account = factory.SubFactory(AccountFactory)
    phone_number_id = factory.Sequence(lambda n: str(123456789012400 + n))
    display_phone_number = factory.Sequence(lambda n: f"+34612{400000 + n}")
    verified_name = "Bakery Platform"


class DefaultNumberFactory(PhoneNumberFactory):
    class Meta:
        django_get_or_create = ("phone_number_id",)

    phone_number_id = demo.DEFAULT_PHONE_NUMBER_ID
    display_phone_number = "+34612345678"
    is_default = True


class AssignmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PhoneNumberAssignment

    tenant = factory.SubFactory(TenantFactory)
    phone_number = factory.SubFactory(PhoneNumberFactory)


class TemplateFactory(factory.django.DjangoModelFactory):
    """`po_notification` in Spanish, approved; a second call returns the first row."""

    class Meta:
        model = MessageTemplate
        django_get_or_create = ("account", "name", "language")

    account = factory.SubFactory(AccountFactory)
    name = "po_notification"
    language = "es"
    status = "APPROVED"
    category = "UTILITY"
    components = factory.LazyFunction(lambda: demo.TEMPLATES[0]["components"])


def body(*texts: str) -> list[dict[str, Any]]:
    """A body component as the guide's step 8.3 sends it."""
    return [{"type": "body", "parameters": [{"type": "text", "text": text} for text in texts]}]


class MessageFactory(factory.django.DjangoModelFactory):
    """A queued message on the default number."""

    class Meta:
        model = Message

    tenant = factory.SubFactory(TenantFactory)
    phone_number = factory.SubFactory(DefaultNumberFactory)
    template = factory.SubFactory(TemplateFactory)
    recipient_phone = "+34600000101"
    recipient_name = "Juan García"
    components = factory.LazyFunction(lambda: body("Juan García", "PO-12345", "€250.50"))
    rendered_text = (
        "Hola Juan García, has recibido una nueva orden de compra PO-12345 por un total de €250.50."
    )
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=24))

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        """Give the bakery the number its message is sent from, unless that is the default one."""
        number, tenant = kwargs["phone_number"], kwargs["tenant"]
        if not number.is_default and not number.assignments.open().exists():
            AssignmentFactory(tenant=tenant, phone_number=number)
        return super()._create(model_class, *args, **kwargs)

    class Params:
        sending = factory.Trait(
            status=MessageStatus.SENDING,
            send_after=None,
            claimed_at=factory.LazyFunction(timezone.now),
        )
        accepted = factory.Trait(
            status=MessageStatus.ACCEPTED,
            send_after=None,
            wamid=factory.Sequence(lambda n: f"wamid.HBgL{n:08}"),
            accepted_at=factory.LazyFunction(timezone.now),
        )


def message_in(status: MessageStatus, **fields: Any) -> Message:
    """A message standing at `status`, with the columns its constraints ask for."""
    now = timezone.now()
    state: dict[str, Any] = {"status": status, "send_after": None}
    if status == MessageStatus.QUEUED:
        state["send_after"] = now
    if status == MessageStatus.SENDING:
        state["claimed_at"] = now
    if status == MessageStatus.UNCONFIRMED:
        state["unconfirmed_at"] = now
    if status == MessageStatus.FAILED:
        state["failed_at"] = now
    message: Message = MessageFactory(**(state | fields))
    return message


class CallbackFactory(factory.django.DjangoModelFactory):
    """A callback of a bakery, told of everything; its secret is that of Standard Webhooks' own example."""

    class Meta:
        model = Callback

    tenant = factory.SubFactory(TenantFactory)
    url = "https://orders.example.com/hook"
    events = factory.LazyFunction(lambda: [event.value for event in CallbackEvent])
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def make_api_key(secret: str, **fields: Any) -> ApiKey:
    """Store a key whose secret the test chose; platform-wide unless `tenant` is given."""
    return ApiKey.objects.create(
        label="test",
        prefix=secret[:10],
        secret_digest=digest(secret),
        **({"scopes": [scope.value for scope in DEFAULT_SCOPES]} | fields),
    )


class NoticeKindFactory(factory.django.DjangoModelFactory):
    """Orders to suppliers, on by default; a second call returns the first row, or the migration's."""

    class Meta:
        model = NoticeKind
        django_get_or_create = ("template_name",)

    template_name = "po_notification"
    is_on_by_default = True
    order_parameter = factory.LazyAttribute(
        lambda kind: "2" if kind.template_name == "po_notification" else ""
    )


class PriceRateFactory(factory.django.DjangoModelFactory):
    """A utility message to Spain for 0.05 €, as the guide reckons, confirmed and without end."""

    class Meta:
        model = PriceRate

    market = "Spain"
    category = "utility"
    currency = "EUR"
    amount = Decimal("0.050000")
    valid_from = date(2026, 1, 1)
    is_confirmed = True
    source = "a test"


def message_at(
    moment: datetime, status: MessageStatus = MessageStatus.READ, **fields: Any
) -> Message:
    """A message that was requested then: its id, created_at and, when it was delivered, delivered_at say so."""
    pk = uuid.UUID(int=first_id_at(moment).int | random.getrandbits(60))
    if status in {MessageStatus.DELIVERED, MessageStatus.READ}:
        charged = {"pricing_model": "PMP", "type": "regular", "category": "utility"}
        fields = {"delivered_at": moment, "pricing": charged} | fields
    return message_in(status, id=pk, created_at=moment, **fields)


class RecipientFactory(factory.django.DjangoModelFactory):
    """A supplier of a bakery, as entered by hand."""

    class Meta:
        model = Recipient

    tenant = factory.SubFactory(TenantFactory)
    phone = factory.Sequence(lambda n: f"+34600{n:06}")
    name = factory.Sequence(lambda n: f"Supplier {n:03}")
