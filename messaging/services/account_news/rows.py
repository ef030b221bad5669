"""Which row a piece of news is about, found and locked for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from messaging.graph_api import account_news as facts
from messaging.graph_api.account_news import News
from messaging.graph_api.masking import without_secrets
from messaging.models import MessageTemplate
from tenants.models import PhoneNumber, WhatsAppBusinessAccount


@dataclass(frozen=True, slots=True)
class Subject:
    """What news is about: at most one of the three rows is the one it changes. `text` names it without the row."""

    text: str
    account: WhatsAppBusinessAccount | None = None
    number: PhoneNumber | None = None
    template: MessageTemplate | None = None
    is_ours: bool = True

    @property
    def row(self) -> WhatsAppBusinessAccount | PhoneNumber | MessageTemplate | None:
        if not self.is_ours:
            return None
        return self.template or self.number or self.account


@dataclass(slots=True)
class Rows:
    """The rows that a batch of news may change, locked in the order that the syncs lock them in too."""

    templates: list[MessageTemplate] = field(default_factory=list)
    numbers: list[PhoneNumber] = field(default_factory=list)
    accounts: dict[str, WhatsAppBusinessAccount] = field(default_factory=dict)

    @classmethod
    def locked(cls, news: Sequence[News]) -> Rows:
        templates = [one for one in news if isinstance(one, facts.TemplateNews)]
        numbers = [one for one in news if isinstance(one, facts.NumberNews | facts.EchoNews)]
        whole = [one for one in news if isinstance(one, facts.CapabilityNews)]
        rows = cls(
            templates=_templates_of(templates), numbers=_numbers_of(numbers, whole_accounts=whole)
        )
        ids = {one.waba_id for one in news} | {
            one.client_waba_id for one in news if isinstance(one, facts.PartnerNews)
        }
        found = WhatsAppBusinessAccount.objects.filter(waba_id__in=ids).order_by("pk")
        if any(isinstance(one, facts.AccountNews) for one in news):
            found = found.select_for_update(no_key=True)
        rows.accounts = {account.waba_id: account for account in found}
        return rows

    def subject_of(self, news: News) -> Subject:
        account = self.accounts.get(news.waba_id)
        if isinstance(news, facts.TemplateNews):
            return self._template(news, account)
        if isinstance(news, facts.NumberNews):
            number = self._number(account, display=f"+{news.digits}")
            return _number_subject(number, account, text=without_secrets(news.digits))
        if isinstance(news, facts.EchoNews):
            number = self._number(account, phone_number_id=news.phone_number_id)
            return _number_subject(number, account, text=f"number {news.phone_number_id}")
        if isinstance(news, facts.PartnerNews) and news.client_waba_id:
            account = self.accounts.get(news.client_waba_id)
            return Subject(f"WABA {news.client_waba_id}", account=account)
        return Subject(f"WABA {news.waba_id}", account=account)

    def _template(
        self, news: facts.TemplateNews, account: WhatsAppBusinessAccount | None
    ) -> Subject:
        text = f"{news.name} ({news.language})" if news.name else f"template {news.template_id}"
        of_account = [row for row in self.templates if account and row.account_id == account.pk]
        found = next(
            (row for row in of_account if news.template_id == (row.meta_template_id or None)), None
        ) or next(
            (row for row in of_account if (row.name, row.language) == (news.name, news.language)),
            None,
        )
        return Subject(text, account=account, template=found, is_ours=found is not None)

    def _number(
        self,
        account: WhatsAppBusinessAccount | None,
        *,
        display: str | None = None,
        phone_number_id: str | None = None,
    ) -> PhoneNumber | None:
        for row in self.numbers:
            if account is None or row.account_id != account.pk:
                continue
            if display == row.display_phone_number or phone_number_id == row.phone_number_id:
                return row
        return None


def _number_subject(
    number: PhoneNumber | None, account: WhatsAppBusinessAccount | None, *, text: str
) -> Subject:
    text = f"number {number.phone_number_id}" if number else text
    return Subject(text, account=account, number=number, is_ours=number is not None)


def _templates_of(news: Iterable[facts.TemplateNews]) -> list[MessageTemplate]:
    wanted = Q()
    for one in news:
        if one.template_id:
            wanted |= Q(meta_template_id=one.template_id)
        if one.name:
            wanted |= Q(name=one.name, language=one.language)
    if not wanted:
        return []
    found = MessageTemplate.objects.filter(wanted).order_by("pk")
    return list(found.select_for_update(no_key=True))


def _numbers_of(
    news: Iterable[facts.NumberNews | facts.EchoNews],
    *,
    whole_accounts: Iterable[facts.CapabilityNews],
) -> list[PhoneNumber]:
    wanted = Q()
    for one in news:
        if isinstance(one, facts.NumberNews):
            wanted |= Q(display_phone_number=f"+{one.digits}")
        else:
            wanted |= Q(phone_number_id=one.phone_number_id)
    for whole in whole_accounts:
        wanted |= Q(account__waba_id=whole.waba_id)
    if not wanted:
        return []
    found = PhoneNumber.objects.filter(wanted).order_by("pk")
    return list(found.select_for_update(no_key=True, of=("self",)))
