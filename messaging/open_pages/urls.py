from __future__ import annotations

from django.urls import path

from messaging.open_pages import views

urlpatterns = [
    path("calendar/<str:secret>.ics", views.calendar_feed, name="calendar-feed"),
    path("how-is-it-going/<str:link>", views.first_week_answer, name="first-week-answer"),
    path("weekly-summary/<str:link>", views.weekly_summary_page, name="weekly-summary"),
]
