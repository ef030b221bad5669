"""Mounted at /simulator/ only when WHATSAPP_SIMULATOR is on."""

from __future__ import annotations

from django.urls import path, re_path

from messaging.simulator import callback_views, control_views, graph_views, phone_views

app_name = "simulator"

urlpatterns = [
    path("", phone_views.phone, name="phone"),
    path("state", phone_views.state, name="state"),
    path("chats", phone_views.new_chat, name="new_chat"),
    path("chats/<str:chat_id>", phone_views.chat, name="chat"),
    path("chats/<str:chat_id>/reply", phone_views.reply, name="reply"),
    path("chats/<str:chat_id>/habit", phone_views.habit, name="habit"),
    path("scenarios", control_views.scenario_page, name="scenarios"),
    path("scenarios/switches", control_views.set_switches, name="switches"),
    path("scenarios/event", control_views.event, name="event"),
    path("scenarios/hurry", control_views.hurry, name="hurry"),
    path("scenarios/tokens/new", control_views.new_token, name="new_token"),
    path("scenarios/tokens/end", control_views.end_tokens, name="end_tokens"),
    path("scenarios/reset", control_views.reset, name="reset"),
    path("mail", control_views.mail, name="mail"),
    path("mail/<str:key>", control_views.mail_message, name="mail_message"),
    path("callbacks", callback_views.callbacks, name="callbacks"),
    path("callbacks/secret", callback_views.secret, name="callback_secret"),
    path("callbacks/forget", callback_views.forget, name="forget_callbacks"),
    path("callbacks/receive", callback_views.receive, name="receive_callback"),
    path("callbacks/receive/<int:status>", callback_views.receive, name="receive_callback_with"),
    re_path(r"^graph(?:/(?P<rest>.*))?$", graph_views.graph, name="graph"),
]
