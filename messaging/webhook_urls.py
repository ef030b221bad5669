from __future__ import annotations

from django.urls import path

from messaging.webhooks import webhook

urlpatterns = [path("", webhook, name="whatsapp-webhook")]
