from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from bakery_whatsapp import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    # The address of the customer's guide, step 9.1.
    path(
        "app/admin/whatsapp", RedirectView.as_view(pattern_name="admin:tenants_tenant_changelist")
    ),
    path(
        "login", auth_views.LoginView.as_view(template_name="registration/login.html"), name="login"
    ),
    path("logout", auth_views.LogoutView.as_view(), name="logout"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/v1/", include("messaging.api.urls")),
    path("api/v1/whatsapp/webhook", include("messaging.webhook_urls")),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("health/", include(health.urlpatterns)),
    path("", include("messaging.bakery.urls")),
]

if settings.WHATSAPP_SIMULATOR:
    urlpatterns.append(path("simulator/", include("messaging.simulator.urls")))
