"""Informing bakeries: words in each language, whom they go to, a look at the mail, and what became of each."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from messaging.admin.mail import error_words, mail_badge
from messaging.models import Announcement, MailState
from messaging.services import announcements, first_week
from messaging.services.announcements import EmptyWordsError, Words
from tenants.admin.base import ReadOnlyAdmin
from tenants.display import list_url, moment, page_url
from tenants.languages import own_name

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.urls import URLPattern
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrOrPromise

    from messaging.models.announcement import AnnouncementQuerySet

_MODEL = "messaging_announcement"
_SUBJECT_LENGTH = 200
_TEXT_LENGTH = 5000


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnlyAdmin):
    list_display = ("subject", "made", "sent_by", "results")
    list_display_links = ("subject",)
    list_select_related = ("sent_by",)
    ordering = ("-id",)
    sortable_by = ()
    list_before_template = "admin/messaging/announcement/_new.html"
    change_form_outer_before_template = "admin/messaging/announcement/_results.html"
    fields = ("made", "sent_by")
    readonly_fields = ("made",)

    def heading(self, announcement: Announcement) -> StrOrPromise:
        return self.subject(announcement)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        ours = [
            path("new/", wrap(self.new), name=f"{_MODEL}_new"),
            path("<int:pk>/again/", wrap(self.again), name=f"{_MODEL}_again"),
        ]
        return [*ours, *super().get_urls()]

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.send_announcement")

    def page_context(self, request: HttpRequest, obj: Announcement) -> dict[str, Any]:
        mails = obj.mails.select_related("user").order_by("user__username", "id")
        return {
            "lines": [(mail, mail_badge(mail), error_words(mail)) for mail in mails],
            "can_be_sent_again": any(
                mail.state in {MailState.FAILED, MailState.UNCONFIRMED} for mail in mails
            ),
            "may_send": self.has_send_permission(request),
            "letters": [
                (own_name(code), code, announcements.letter_in(words, code))
                for code, words in obj.texts.items()
            ],
        }

    # --- Writing and sending -------------------------------------------------------------------

    def new(self, request: HttpRequest) -> HttpResponse:
        """Write, look, send: the first two change nothing, and the form carries everything."""
        if not self.has_send_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._form(request, announcements.copy_of_ours(), chosen=None)
        texts, chosen = _texts(request), _chosen(request)
        do = request.POST.get("do")
        try:
            letters = [
                (own_name(code), code, announcements.letter_in(words, code))
                for code, words in texts.items()
            ]
            if do == "send":
                return self._send(request, texts, chosen)
            if do == "preview":
                return self._preview(request, texts, chosen, letters)
        except EmptyWordsError as error:
            text = _("Write subject and text in %(language)s too.")
            messages.error(request, text % {"language": own_name(error.language)})
        except announcements.AnnouncedAlreadyError as error:
            text = _(
                "These mails went out before, with other words or to others: nothing was sent now."
            )
            messages.warning(request, text)
            return HttpResponseRedirect(page_url(_MODEL, error.announcement.pk))
        except announcements.NobodyChosenError:
            messages.error(request, _("Choose at least one owner with an e-mail address."))
        return self._form(request, texts, chosen=chosen)

    def _send(
        self, request: HttpRequest, texts: dict[str, Words], chosen: set[int]
    ) -> HttpResponse:
        announcement = announcements.announce(
            texts, to=chosen, by=int(request.user.pk or 0), key=_key(request)
        )
        count = announcement.mails.count()
        text = ngettext("%(count)d mail is on its way.", "%(count)d mails are on their way.", count)
        messages.success(request, text % {"count": count})
        if request.POST.get("watch"):
            self._watch(request, announcement)
        return HttpResponseRedirect(page_url(_MODEL, announcement.pk))

    def _watch(self, request: HttpRequest, announcement: Announcement) -> None:
        try:
            first_week.begin(by=int(request.user.pk or 0), announcement=announcement)
        except first_week.RunsAlreadyError:
            messages.info(request, _("A first week is being watched already; it goes on."))
        else:
            messages.success(request, _("The first week is watched from today on."))

    def _form(
        self, request: HttpRequest, texts: dict[str, Words], *, chosen: set[int] | None
    ) -> HttpResponse:
        owners = [
            (owner, owner.is_preselected if chosen is None else owner.user.pk in chosen)
            for owner in announcements.owners()
        ]
        context = {
            "languages": [(code, own_name(code), texts[code]) for code in texts],
            "owners": owners,
            "subject_length": _SUBJECT_LENGTH,
            "text_length": _TEXT_LENGTH,
        }
        return self._page(request, "form", context)

    def _preview(
        self, request: HttpRequest, texts: dict[str, Words], chosen: set[int], letters: list[Any]
    ) -> HttpResponse:
        context = {
            "letters": letters,
            "told": announcements.chosen_among(chosen),
            "texts": texts,
            "key": uuid.uuid4(),
            "may_watch": request.user.has_perm("messaging.watch_firstweek"),
        }
        return self._page(request, "preview", context)

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Inform bakeries"),
            "back_url": list_url(_MODEL),
            **context,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, f"admin/messaging/announcement/{name}.html", context)

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_send_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        announcement = get_object_or_404(Announcement, pk=pk)
        count = announcements.send_failed_again(announcement)
        text = ngettext("%(count)d mail is sent again.", "%(count)d mails are sent again.", count)
        messages.success(request, text % {"count": count})
        return HttpResponseRedirect(page_url(_MODEL, pk))

    # --- Columns -------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("subject"))
    def subject(self, announcement: Announcement) -> str:
        language = (translation.get_language() or "")[:2]
        texts = announcement.texts
        words = texts.get(language) or next(iter(texts.values()), {})
        return words.get("subject", "–")

    @admin.display(description=gettext_lazy("sent"))
    def made(self, announcement: Announcement) -> SafeString | str:
        return moment(announcement.created_at)

    @admin.display(description=gettext_lazy("result"))
    def results(self, announcement: Any) -> str:
        counts = {"sent": announcement.sent_mails or 0, "all": announcement.all_mails or 0}
        return _("%(sent)d of %(all)d sent") % counts

    def get_queryset(self, request: HttpRequest) -> QuerySet[Announcement]:
        found: AnnouncementQuerySet = super().get_queryset(request)
        return found.with_results()


def _texts(request: HttpRequest) -> dict[str, Words]:
    """Read the words of every language; line ends as browsers send them become one character."""
    return {
        code: {
            "subject": request.POST.get(f"subject_{code}", "")[:_SUBJECT_LENGTH],
            "text": request.POST.get(f"text_{code}", "").replace("\r\n", "\n")[:_TEXT_LENGTH],
        }
        for code in announcements.copy_of_ours()
    }


def _chosen(request: HttpRequest) -> set[int]:
    given = request.POST.getlist("owner")
    return {int(pk) for pk in given if pk.isascii() and pk.isdigit() and len(pk) < 18}


def _key(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid.uuid4()
