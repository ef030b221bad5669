from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from bakery_whatsapp import api, health, openapi
from bakery_whatsapp.log_in import LogInView
from messaging.bakery.account_forms import LogInForm
from messaging.bakery.posting import takes_form_of

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    # The address of the customer's guide, step 9.1.
    path(
        "app/admin/whatsapp",
        RedirectView.as_view(pattern_name="admin:tenants_phonenumberassignment_board"),
    ),
    path(
        "login",
        LogInView.as_view(template_name="registration/login.html", authentication_form=LogInForm),
        name="login",
    ),
    path("logout", takes_form_of("home")(auth_views.LogoutView.as_view()), name="logout"),
    # Django's own include would ask for a log-in, also on the log-in page.
    path("i18n/setlang", login_not_required(set_language), name="set_language"),
    path("api/v1/", include("messaging.api.urls")),
    path("api/v1/whatsapp/webhook", include("messaging.webhook_urls")),
    path("api/schema", openapi.SchemaView.as_view(), name="schema"),
    re_path(r"^api(?:/.*)?$", api.unknown_address),
    path("docs", openapi.DocsView.as_view(), name="docs"),
    path("health/", include(health.urlpatterns)),
    path("", include("messaging.open_pages.urls")),
    path("", include("messaging.bakery.urls")),
]

handler400 = api.bad_request
handler500 = api.server_error

if settings.WHATSAPP_SIMULATOR:
    urlpatterns.append(path("simulator/", include("messaging.simulator.urls")))
