"""What the set-up page shows: the guide's ten steps, each line with its state, proof, and what can be done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from messaging.admin.setup_curls import curl_of
from messaging.admin.setup_forms import PASTES, form_for, stored_words, was_refused
from messaging.admin.setup_switch import SwitchView, switch_view
from messaging.admin.setup_words import HELP, LOOKS, STEPS, WORDS, Help
from messaging.models import SetupCheck, SetupKey, SetupState
from messaging.services import webhook_checks
from messaging.services.setup import checking, credentials
from messaging.services.setup.fields import GUIDE_NAMES, NEEDED, USEFUL
from messaging.services.setup.finding_words import (
    finding_of,
    sentence_of,
    token_facts,
    trouble_words,
)
from messaging.services.setup.lines import LINES, SetupLine
from messaging.services.setup.progress import Progress, progress_of
from messaging.services.setup.sending_now import sending_now
from messaging.services.webhook_address import QUESTIONS, Answer, our_address
from messaging.services.webhook_checks import RESULTS, Result
from tenants.display import BAD, CAUTION, GOOD, NEUTRAL, badge, list_url, moment, page_url
from tenants.services.number_use import capped_account

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

    from tenants.models import WhatsAppBusinessAccount

PAGE = "messaging_setupcheck"
_RESULT_LOOKS = {
    Result.OK: (GOOD, "check_circle"),
    Result.BAD: (BAD, "error"),
    Result.UNKNOWN: (CAUTION, "help"),
    Result.SKIPPED: (NEUTRAL, "do_not_disturb_on"),
}
# A row is opened for who has to act.
_OPEN = frozenset({SetupState.BROKEN, SetupState.NEEDS_YOU, SetupState.BY_HAND})


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is done: at Meta in a new tab, or here."""

    url: str
    words: str
    is_meta: bool = False


@dataclass(frozen=True, slots=True)
class LineForm:
    """`stored` says what is there already of that which is asked for; `help` is about what Meta has just refused."""

    form: forms.Form
    stored: str
    button: str
    url: str
    help: Help | None


@dataclass(frozen=True, slots=True)
class LineView:
    """One row. `details` are names and values, `tests` the guide's five, `fields` those of the webhook."""

    key: str
    title: str
    state: str
    badge: SafeString
    sentence: str
    since: str
    call: str
    proved_at: datetime | None
    checked_at: datetime | None
    trouble: str
    confirmed: str
    confirmed_at: datetime | None
    why: str
    how_long: str
    places: list[Place]
    details: list[tuple[str, str]]
    copies: list[tuple[str, str]]
    tests: list[tuple[str, SafeString, str]]
    fields: list[tuple[str, SafeString]]
    guide_names: list[tuple[str, str]]
    curl: str
    help: Help | None
    form: LineForm | None
    is_outgrown: bool
    may_check: bool
    may_confirm: bool
    may_take_back: bool
    is_open: bool
    is_pending: bool


@dataclass(frozen=True, slots=True)
class StepView:
    number: int
    title: str
    lines: list[LineView]


@dataclass(frozen=True, slots=True)
class CanSend:
    """Can we send right now? `line` is the one to look at, empty where none is."""

    badge: SafeString
    why: str
    line: str
    line_title: str


@dataclass(frozen=True, slots=True)
class PrintedHead:
    """What stands above the page on paper: whose set-up it is, as of when, and who printed it."""

    address: str
    account: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class SetupPage:
    head: PrintedHead
    steps: list[StepView]
    progress: Progress
    progress_words: str
    can_send: CanSend
    switch: SwitchView
    may_check: bool
    is_pending: bool
    is_first_look: bool


def setup_page(
    request: HttpRequest, *, bound: Mapping[str, forms.Form], opened: str = ""
) -> SetupPage:
    """`bound` holds the forms that were refused, by line; `opened` is the line to show open, or "all"."""
    rows = {
        row.key: row for row in SetupCheck.objects.select_related("confirmed_by").order_by("id")
    }
    account, stored = capped_account(), credentials.stored()
    views = {}
    for line in LINES:
        row = rows.get(line.key.value) or SetupCheck(key=line.key)
        views[line.key] = _LineBuilder(request, line, row, account, stored).view(
            bound.get(line.key.value), is_asked_for=opened in (line.key.value, "all")
        )
    steps = [
        StepView(number, str(title), [views[line.key] for line in LINES if line.step == number])
        for number, title in STEPS.items()
    ]
    found = progress_of(row.state for row in rows.values())
    return SetupPage(
        head=_printed_head(request, account, rows.get(SetupKey.WABA)),
        steps=steps,
        progress=found,
        progress_words=_("%(done)s of %(total)s done") % {"done": found.done, "total": found.total},
        can_send=_can_send(),
        switch=switch_view(),
        may_check=request.user.has_perm("messaging.change_setupcheck"),
        is_pending=any(view.is_pending for view in views.values()) or _is_looked_at(rows),
        is_first_look=not any(row.checked_at for row in rows.values()),
    )


def _printed_head(
    request: HttpRequest, account: WhatsAppBusinessAccount | None, waba: SetupCheck | None
) -> PrintedHead:
    name = str(waba.facts.get("name") or "") if waba else ""
    waba_id = account.waba_id if account else ""
    return PrintedHead(
        address=settings.SITE_URL.partition("://")[2],
        account=f"{name} ({waba_id})" if name and waba_id else waba_id or "–",
        by=str(request.user.get_username()),
        at=date_format(timezone.localtime(), "SHORT_DATETIME_FORMAT"),
    )


def _is_looked_at(rows: Mapping[str, SetupCheck]) -> bool:
    """Whether a worker is about to check some of the lines."""
    tried = sum(row.tried_at is not None for row in rows.values())
    return tried < len(LINES) and checking.is_worker_there()


def _can_send() -> CanSend:
    now = sending_now()
    if now.is_possible:
        shown = badge(_("Yes"), icon="check_circle", tone=GOOD)
    else:
        shown = badge(_("No"), icon="error", tone=BAD)
    title = str(capfirst(now.line.label)) if now.line else ""
    return CanSend(
        shown, sentence_of(now.code, now.facts, None), line=now.line or "", line_title=title
    )


class _LineBuilder:
    """Puts one row into words for one person."""

    def __init__(
        self,
        request: HttpRequest,
        line: SetupLine,
        row: SetupCheck,
        account: WhatsAppBusinessAccount | None,
        stored: credentials.Stored,
    ) -> None:
        self.request, self.line, self.row, self.account = request, line, row, account
        self.stored = stored
        self.words = WORDS[line.key]

    def view(self, bound: forms.Form | None, *, is_asked_for: bool) -> LineView:
        row = self.row
        tone, icon = LOOKS[row.state]
        is_test, is_by_hand = self.line.key == SetupKey.TEST, row.found == SetupState.BY_HAND
        may_confirm = self.request.user.has_perm("messaging.confirm_setupcheck")
        form = self._form(bound)
        return LineView(
            key=row.key,
            title=str(capfirst(SetupKey(row.key).label)),
            state=row.state,
            badge=badge(self._state_word(), icon=icon, tone=tone),
            sentence=finding_of(row, self.account),
            since=self._waits(),
            call=self._filled(self.line.call),
            proved_at=row.proved_at,
            checked_at=row.checked_at,
            trouble=trouble_words(row.trouble) if row.trouble else "",
            confirmed=self._confirmed(),
            confirmed_at=row.confirmed_at,
            why=str(self.words.why),
            how_long=str(self.words.how_long),
            places=[*self._at_meta(), *self._here()],
            details=self._details(),
            copies=self._copies(),
            tests=self._tests(),
            fields=self._fields(),
            guide_names=self._guide_names(),
            curl=curl_of(self.line, self.account),
            help=None if form and form.help else self._help(),
            form=form,
            may_check=self.request.user.has_perm("messaging.change_setupcheck"),
            is_outgrown=is_by_hand and row.confirmed_at is not None and not row.is_confirmed,
            may_confirm=may_confirm and is_by_hand and not row.is_confirmed,
            may_take_back=may_confirm and is_by_hand and row.confirmed_at is not None,
            is_open=is_asked_for or bound is not None or row.state in _OPEN,
            is_pending=is_test and _may_arrive_soon(row),
        )

    def _state_word(self) -> str:
        """A test that we have not sent yet does not wait for Meta, nor does one that Meta has sent to the phone."""
        if self.row.state == SetupState.WAITING and self.row.code == "test_held_up":
            return _("waits to be sent")
        if self.row.state == SetupState.WAITING and self.row.code == "test_sent":
            return _("not on the phone yet")
        return str(SetupState(self.row.state).label)

    def _filled(self, call: str) -> str:
        account = self.account
        return call.replace("{waba_id}", account.waba_id if account else "…").replace(
            "{app_id}", account.app_id if account and account.app_id else "…"
        )

    def _waits(self) -> str:
        """Say on which day of Meta's review it is; a test takes no days."""
        if self.row.state != SetupState.WAITING or self.line.key == SetupKey.TEST:
            return ""
        return _("Day %(day)s.") % {"day": (timezone.now() - self.row.state_since).days + 1}

    def _confirmed(self) -> str:
        by = self.row.confirmed_by
        if self.row.confirmed_at is None:
            return ""
        return by.get_full_name() or by.get_username() if by else _("somebody who has left")

    def _form(self, bound: forms.Form | None) -> LineForm | None:
        paste = PASTES.get(self.line.key)
        row = self.row
        if paste is None or not self.request.user.has_perm(paste.permission):
            return None
        if bound is None and not paste.is_offered(code=row.code, is_done=row.is_done):
            return None
        return LineForm(
            form=bound if bound is not None else form_for(row.key, paste, stored=self.stored),
            stored=stored_words(row.key, self.stored),
            button=str(paste.buttons.get(row.code, paste.button)),
            url=reverse(f"admin:{PAGE}_save", args=(row.key,)),
            help=HELP.get(paste.help) if bound is not None and was_refused(bound) else None,
        )

    def _help(self) -> Help | None:
        """Return the guide's troubleshooting where its error has been found."""
        known = HELP.get(self.line.key)
        return known if known and self.row.code in known.findings else None

    # --- Where it is done --------------------------------------------------------------------------

    def _at_meta(self) -> list[Place]:
        if self.words.place is None:
            return []
        url, words = self.words.place
        account = self.account
        if account is None or not account.app_id:
            # Without the app's id its own page cannot be named; the list of apps is the nearest.
            url = url.partition("{app_id}")[0]
        url = url.format(
            waba_id=account.waba_id if account else "", app_id=account.app_id if account else ""
        )
        return [Place(url, str(words), is_meta=True)]

    def _here(self) -> list[Place]:
        key, account = self.line.key, self.account
        places = {
            SetupKey.NUMBERS: [(list_url("tenants_phonenumber"), _("Numbers"))],
            SetupKey.TEMPLATE: [(list_url("messaging_messagetemplate"), _("Templates"))],
            SetupKey.WEBHOOK: [(list_url("messaging_webhookdelivery"), _("Webhooks"))],
            SetupKey.ASSIGNED: [
                (reverse("admin:tenants_phonenumberassignment_board"), _("Assign numbers")),
                (list_url("tenants_tenant"), _("Bakeries")),
            ],
            SetupKey.QUALITY: [(list_url("tenants_phonenumber"), _("Numbers"))],
            SetupKey.BILLING: [(list_url("messaging_dailyusage"), _("Cost by month"))],
        }.get(key, [])
        if self.row.code == "template_missing":
            copy = f"{reverse('admin:messaging_templatedraft_add')}?copy=po_notification"
            places.insert(0, (copy, _("Submit our copy of po_notification")))
        if self.row.code == "numbers_few":
            places.append(
                (reverse("admin:tenants_phonenumber_more"), _("Ask Meta for more numbers"))
            )
        if message := self.row.facts.get("message"):
            places.append((page_url("messaging_message", message), _("The test message")))
        if account is not None and key == SetupKey.TOKEN:
            url = reverse("admin:messaging_tokenrotation_page")
            places.append((url, _("Change the token")))
        if account is not None and key in (SetupKey.APP_SECRET, SetupKey.WEBHOOK):
            url = page_url("tenants_whatsappbusinessaccount", account.pk)
            places.append((url, _("Replace it on the account's page")))
        return [Place(url, words) for url, words in places]

    # --- What was read -----------------------------------------------------------------------------

    def _details(self) -> list[tuple[str, str]]:
        if self.line.key == SetupKey.WABA:
            troubles = self.row.facts.get("health", [])
            return [(one["what"], f"{one['why']} {one['solution']}".strip()) for one in troubles]
        facts = token_facts(self.row.facts) if self.line.key == SetupKey.TOKEN else None
        if facts is None:
            return []
        end = _("never") if facts.never_expires else moment(facts.expires_at)
        return [
            (_("Type"), facts.type or "–"),
            (_("App"), f"{facts.application or ''} {facts.app_id or '–'}".strip()),
            (_("Issued"), moment(facts.issued_at)),
            (_("Expires"), end),
            (_("Permissions"), ", ".join(facts.scopes) or "–"),
        ]

    def _copies(self) -> list[tuple[str, str]]:
        """Return what is to be entered at Meta."""
        if self.line.key != SetupKey.WEBHOOK:
            return []
        return [(_("Callback URL"), our_address())]

    def _tests(self) -> list[tuple[str, SafeString, str]]:
        """Return the guide's five questions, how each ended, and why it did not end well."""
        found = []
        for row in self.row.facts.get("answers", []):
            answer = Answer.from_json(row)
            tone, icon = _RESULT_LOOKS[answer.result]
            shown = badge(RESULTS[answer.result], icon=icon, tone=tone)
            found.append(
                (str(QUESTIONS[answer.question]), shown, webhook_checks.sentence_of(answer))
            )
        return found

    def _fields(self) -> list[tuple[str, SafeString]]:
        if self.line.key != SetupKey.SUBSCRIPTION or "fields" not in self.row.facts:
            return []
        there = self.row.facts["fields"]
        return [
            (name, _field_badge(is_there=name in there, is_needed=name in NEEDED))
            for name in (*NEEDED, *USEFUL)
        ]

    def _guide_names(self) -> list[tuple[str, str]]:
        if self.line.key != SetupKey.SUBSCRIPTION:
            return []
        said = {
            "messages": _("messages: replies, and all statuses too"),
            "message_status": _(
                "messages: there is no field of this name, statuses come in messages"
            ),
            "message_echoes": _(
                "smb_message_echoes: only for numbers used in the phone app too; not needed here"
            ),
        }
        return [(name, said[name]) for name in GUIDE_NAMES]


def _may_arrive_soon(row: SetupCheck) -> bool:
    """Whether it is worth looking again every few seconds: a phone that is off may stay so for days."""
    if row.found != SetupState.WAITING or row.code != "test_sent":
        return row.found == SetupState.WAITING
    told_at = datetime.fromisoformat(row.facts["at"])
    return told_at > timezone.now() - timedelta(minutes=settings.WHATSAPP_SILENCE_MINUTES)


def _field_badge(*, is_there: bool, is_needed: bool) -> SafeString:
    if is_there:
        return badge(_("subscribed"), icon="check_circle", tone=GOOD)
    if is_needed:
        return badge(_("missing"), icon="error", tone=BAD)
    return badge(_("useful, missing"), icon="help", tone=CAUTION)
