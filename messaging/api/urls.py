from __future__ import annotations

from django.urls import path

from messaging.api import admin_views, callback_views, views

app_name = "api"

urlpatterns = [
    path("whatsapp/send", views.SendView.as_view(), name="send"),
    path("whatsapp/messages", views.MessageListView.as_view(), name="messages"),
    path("whatsapp/messages/<str:message_id>", views.MessageView.as_view(), name="message"),
    path(
        "whatsapp/messages/<str:message_id>/cancel",
        views.CancelView.as_view(),
        name="cancel-message",
    ),
    path(
        "whatsapp/messages/<str:message_id>/resend",
        views.ResendView.as_view(),
        name="resend-message",
    ),
    path("whatsapp/callbacks", callback_views.CallbackListView.as_view(), name="callbacks"),
    path(
        "whatsapp/callbacks/<str:callback_id>",
        callback_views.CallbackView.as_view(),
        name="callback",
    ),
    path(
        "whatsapp/callbacks/<str:callback_id>/rotate-secret",
        callback_views.RotateSecretView.as_view(),
        name="rotate-callback-secret",
    ),
    path(
        "whatsapp/callbacks/<str:callback_id>/test",
        callback_views.TestCallbackView.as_view(),
        name="test-callback",
    ),
    path(
        "whatsapp/callbacks/<str:callback_id>/deliveries",
        callback_views.DeliveryListView.as_view(),
        name="callback-deliveries",
    ),
    path(
        "whatsapp/callbacks/<str:callback_id>/deliveries/<str:delivery_id>/redeliver",
        callback_views.RedeliverView.as_view(),
        name="redeliver-callback",
    ),
    path("admin/whatsapp/tenants", admin_views.TenantListView.as_view(), name="tenants"),
    path("admin/whatsapp/tenants/<str:tenant_id>", admin_views.TenantView.as_view(), name="tenant"),
    path(
        "admin/whatsapp/tenants/<str:tenant_id>/assign-phone",
        admin_views.AssignPhoneView.as_view(),
        name="assign-phone",
    ),
    path(
        "admin/whatsapp/phone-numbers",
        admin_views.PhoneNumberListView.as_view(),
        name="phone-numbers",
    ),
    path("admin/whatsapp/dates", admin_views.DateListView.as_view(), name="dates"),
]
