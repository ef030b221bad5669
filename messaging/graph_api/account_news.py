"""What Meta tells of templates, numbers and the account, as plain values in Meta's own words.

Source: Webhooks reference, one page for each field, 2026-11-22.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made_by
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One change. `event` is Meta's word for what happened, `at` its time (None: untold), `details` Meta's value.

    `waba_id` is the account that Meta's envelope names; of partner events it may be another's.
    """

    field: str
    event: str
    waba_id: str
    at: datetime | None
    details: dict[str, Any] = made_by(default_factory=dict)


# --- Templates -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateNews(News):
    """`language` is written as the API writes it (en_US), `template_id` as text."""

    template_id: str
    name: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateStatusNews(TemplateNews):
    """`event` is the status; `title` says which pause it is, `disabled_from` that the end is only announced."""

    reason: str
    title: str
    advice: str
    disabled_from: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateQualityNews(TemplateNews):
    """`event` is the new score."""

    previous: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateCategoryNews(TemplateNews):
    """`event` is the category to come or that has come; `due_at` belongs to one to come."""

    previous: str
    is_upcoming: bool
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateContentNews(TemplateNews):
    """Somebody edited the template at Meta."""

    body: str


# --- Numbers -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class NumberNews(News):
    """`digits` of the display number: webhooks write it without +, the API with + and spaces."""

    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberNameNews(NumberNews):
    """`event` is the decision on the display name `name`."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberCapacityNews(NumberNews):
    """`limit` of recipients, empty where Meta tells none."""

    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSecurityNews(NumberNews):
    """Somebody changed the number's PIN or asked for a new one; `requester` is a user's id at Meta."""

    requester: str


# --- The account ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNews(News):
    """Something of `account_update` that only the history keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationNews(AccountNews):
    violation: str


@dataclass(frozen=True, slots=True)
class Restriction:
    """`until` None: Meta names no end."""

    kind: str
    until: datetime | None
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionNews(AccountNews):
    restrictions: tuple[Restriction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BanNews(AccountNews):
    """`state`: DISABLE, REINSTATE, SCHEDULE_FOR_DISABLE. Meta's date is free text."""

    state: str
    date_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerNews(AccountNews):
    """`client_waba_id` is the account it is about, where Meta names one."""

    client_waba_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewNews(AccountNews):
    """`event` is the decision on the account's review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityNews(AccountNews):
    """What the portfolio may do; None and empty where Meta tells nothing."""

    limit: str
    max_numbers: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAlertNews(AccountNews):
    """`event` is the type of the alert at Meta."""

    severity: str
    status: str
    text: str
    entity_type: str
    entity_id: str


# --- Echoes --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class EchoNews(News):
    """A message that somebody wrote on the business's own phone. Its text and recipient stay in the inbox."""

    phone_number_id: str
    wamid: str
