"""What is reached without a log-in, because the address itself is the proof: calendars and links out of our mails."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from messaging.open_pages.forms import AnswerForm
from messaging.services import calendar_feeds, first_week, weekly_summary


@login_not_required
@never_cache
@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """An address that was never there and one that was revoked answer alike."""
    try:
        calendar = calendar_feeds.read_feed(secret)
    except calendar_feeds.NoFeedError:
        raise Http404 from None
    return HttpResponse(calendar, content_type="text/calendar; charset=utf-8")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_week_answer(request: HttpRequest, link: str) -> HttpResponse:
    """GET asks and keeps nothing, for mail programs open links by themselves; POST keeps the answer."""
    try:
        question = first_week.question_of(link)
    except first_week.NoQuestionError:
        return render(request, "messaging/open_pages/too_old.html", status=404)
    chosen = request.GET.get("goes", "")
    form = AnswerForm(initial={"goes": chosen, "comment": question.comment})
    if request.method == "POST":
        form = AnswerForm(request.POST)
        if form.is_valid():
            given = form.cleaned_data
            first_week.answer(question, is_good=given["goes"] == "well", comment=given["comment"])
            thanked = {"tenant": question.tenant, "is_good": question.is_good}
            return render(request, "messaging/open_pages/thanks.html", thanked)
    asked = {"tenant": question.tenant, "form": form}
    return render(request, "messaging/open_pages/question.html", asked)


@csrf_exempt  # mail programs post here with one click and without cookies (RFC 8058); the link is the proof
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def weekly_summary_page(request: HttpRequest, link: str) -> HttpResponse:
    """GET asks, POST ends the summary for the reader whose mail the link stood in."""
    try:
        reader = weekly_summary.reader_of(link)
    except weekly_summary.NoSummaryError:
        return render(request, "messaging/open_pages/too_old.html", status=404)
    is_on = reader.gets_weekly_summary
    if request.method == "POST":
        weekly_summary.stop(reader)
        is_on = False
    context = {"tenant": reader.tenant, "is_on": is_on}
    return render(request, "messaging/open_pages/weekly_summary.html", context)
