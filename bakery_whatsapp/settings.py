"""All settings; everything that varies comes from the environment. `.env.example` explains each variable."""

from __future__ import annotations

import logging
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from kombu import Queue

from bakery_whatsapp.logs import logging_config
from tenants.languages import languages_in

BASE_DIR = Path(__file__).resolve().parent.parent

environ.Env.read_env(BASE_DIR / ".env")
env = environ.Env()
# An empty line in .env means the default, not the empty text.
env.ENVIRON = {name: value for name, value in os.environ.items() if value}

# --- Where and how this process runs -------------------------------------------------------------------------------
ENVIRONMENT = env.str("ENVIRONMENT", "production")
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
FIELD_ENCRYPTION_KEYS: list[str] = env.list("FIELD_ENCRYPTION_KEYS", default=[])
PORT = env.int("PORT", 8000)
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".local"))).resolve()
SITE_URL = env.str("SITE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
LOG_FORMAT = env.str("LOG_FORMAT", "plain")
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")

# --- Meta ----------------------------------------------------------------------------------------------------------
WHATSAPP_BUSINESS_ACCOUNT_ID = env.str("WHATSAPP_BUSINESS_ACCOUNT_ID", "")
WHATSAPP_ACCESS_TOKEN = env.str("WHATSAPP_ACCESS_TOKEN", "")
WHATSAPP_PHONE_NUMBER_ID = env.str("WHATSAPP_PHONE_NUMBER_ID", "")
WHATSAPP_API_VERSION = env.str("WHATSAPP_API_VERSION", "v26.0")
ENABLE_WHATSAPP_NOTIFICATIONS = env.bool("ENABLE_WHATSAPP_NOTIFICATIONS", True)
WHATSAPP_WEBHOOK_VERIFY_TOKEN = env.str("WHATSAPP_WEBHOOK_VERIFY_TOKEN", "")
WHATSAPP_APP_ID = env.str("WHATSAPP_APP_ID", "")
WHATSAPP_APP_SECRETS: list[str] = env.list("WHATSAPP_APP_SECRET", default=[])
WHATSAPP_GRAPH_URL = env.str("WHATSAPP_GRAPH_URL", "https://graph.facebook.com").rstrip("/")
# Messages a second that leave one number; Meta allows 80 in both directions together.
WHATSAPP_MPS_SHARE = env.float("WHATSAPP_MPS_SHARE", 65.0)
# How long Meta may take to answer; then nobody knows whether it took the message.
WHATSAPP_TIMEOUT_S = env.float("WHATSAPP_TIMEOUT_S", 15.0)
WHATSAPP_MESSAGE_TTL_HOURS = env.int("WHATSAPP_MESSAGE_TTL_HOURS", 24)
# Parts of Meta's limit of recipients a day: what we leave unused, and what normal messages leave to urgent ones.
WHATSAPP_LIMIT_HEADROOM = env.float("WHATSAPP_LIMIT_HEADROOM", 0.02)
WHATSAPP_URGENT_RESERVE = env.float("WHATSAPP_URGENT_RESERVE", 0.1)
# How long messages may go out without any status coming back, before an alarm.
WHATSAPP_SILENCE_MINUTES = env.int("WHATSAPP_SILENCE_MINUTES", 10)
# Such as es:es_ES,es_MX;ca:es. messaging/services/language_fallback.py reads it.
WHATSAPP_LANGUAGE_FALLBACK = env.str("WHATSAPP_LANGUAGE_FALLBACK", "")
# How long a replaced token is kept before it is revoked, and after how many days one without an end is to be replaced.
WHATSAPP_TOKEN_GRACE_HOURS = env.float("WHATSAPP_TOKEN_GRACE_HOURS", 24.0)
WHATSAPP_TOKEN_REMIND_DAYS = env.int("WHATSAPP_TOKEN_REMIND_DAYS", 50)
WHATSAPP_TOKEN_ALARM_DAYS = env.int("WHATSAPP_TOKEN_ALARM_DAYS", 60)
# The account's currency and time zone at Meta, in which it bills.
WHATSAPP_BILLING_CURRENCY = env.str("WHATSAPP_BILLING_CURRENCY", "EUR")
WHATSAPP_BILLING_TIME_ZONE = env.str("WHATSAPP_BILLING_TIME_ZONE", "Europe/Madrid")
# How long applied webhooks are kept; 0 keeps all.
WEBHOOK_RETENTION_DAYS = env.int("WEBHOOK_RETENTION_DAYS", 30)
WHATSAPP_SIMULATOR = env.bool("WHATSAPP_SIMULATOR", False)
SIMULATOR_WEBHOOK_URL = env.str(
    "SIMULATOR_WEBHOOK_URL", f"http://127.0.0.1:{PORT}/api/v1/whatsapp/webhook"
)

# --- Callbacks -----------------------------------------------------------------------------------------------------
# Networks of ours (CIDR) that callbacks may lead to, also over http. messaging/services/callback_targets.py reads it.
CALLBACK_ALLOWED_NETWORKS: list[str] = env.list("CALLBACK_ALLOWED_NETWORKS", default=[])
CALLBACK_RETENTION_DAYS = env.int("CALLBACK_RETENTION_DAYS", 30)

# --- Django --------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    # The plain config: the default one would put its own site in place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "bakery_whatsapp.apps.BakeryAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "auditlog",
    "bakery_whatsapp.apps.BakeryWhatsAppConfig",
    "tenants",
    "messaging",
]

MIDDLEWARE = [
    "bakery_whatsapp.webhook_shortcut.WebhookShortcut",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "messaging.bakery.clock.ClockOfThePage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "bakery_whatsapp.second_factor_gate.SecondFactorGate",
    "django.contrib.messages.middleware.MessageMiddleware",
    "bakery_whatsapp.error_pages.PageForWrongMethods",
    "messaging.bakery.viewing.StaffOnlyLook",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "bakery_whatsapp.logs.RequestLogMiddleware",
    "bakery_whatsapp.audit.ChangesOfRequest",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "bakery_whatsapp.urls"
WSGI_APPLICATION = "bakery_whatsapp.wsgi.application"
AUTH_USER_MODEL = "tenants.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

_database: dict[str, Any] = env.db_url("DATABASE_URL", default="postgres:///bakery_whatsapp")
_database["ENGINE"] = "django.db.backends.postgresql"
_options = _database.setdefault("OPTIONS", {})
_options["connect_timeout"] = 5
# Only the cursors of tenants/rows.py prepare at all, and they do it at once.
_options["prepare_threshold"] = 0
if ENVIRONMENT != "test":
    # A new connection per request costs four fifths of the rate of an insert view; threads share a pool instead. Tests
    # create and drop their database, which a pool's idle connections would forbid.
    _options["pool"] = {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", 20), "timeout": 5}
DATABASES = {"default": _database}

REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
if ENVIRONMENT == "test":
    # The real ones are slow on purpose.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Wrong passwords are counted for a name and an address together, so that nobody locks out others from elsewhere. The
# database counts for all processes; each count is deleted when its time is over.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_CLIENT_IP_CALLABLE = "tenants.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "tenants.lockout.locked_out"
AXES_ENABLE_ADMIN = False  # messaging/admin/audit_log.py has the page
AXES_VERBOSE = False
# Whether the platform's staff must give a code of their authenticator app after the password.
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", ENVIRONMENT not in {"development", "test"})
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "es"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = languages_in(LOCALE_PATHS[0])
# One form of dates in both languages: 11/12/2026 would be November in one and December in the other.
FORMAT_MODULE_PATH = "bakery_whatsapp.formats"
# Commands print without any language; Django's own form would then be 11/26/2026.
DATE_FORMAT = SHORT_DATE_FORMAT = "j M Y"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j M Y, H:i"
LANGUAGE_COOKIE_AGE = 31_536_000  # a year in seconds
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "Europe/Madrid"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = ENVIRONMENT != "production"
# Otherwise each test's client looks at every static file before its first request.
WHITENOISE_AUTOREFRESH = ENVIRONMENT == "test"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if ENVIRONMENT == "production"
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Meta's webhook may be 3 MB, which is above Django's 2.5 MB; views with a smaller limit check it themselves.
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Bakery WhatsApp <no-reply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if env.str("EMAIL_URL", ""):
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 15  # seconds; without it a silent mail server would hold a worker for good

# Whom bakeries write to; empty hides the way to help.
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", "")

# --- Security ------------------------------------------------------------------------------------------------------
_https = SITE_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = _https
# The container's own health check arrives over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# --- API -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["tenants.authentication.KeyRateLimit"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["bakery_whatsapp.api.ObjectParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "bakery_whatsapp.api.NewestFirst",
    "EXCEPTION_HANDLER": "bakery_whatsapp.api.error_response",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bakery WhatsApp",
    "DESCRIPTION": "Purchase order notifications for bakeries through one shared WhatsApp Business Account.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATIONS": False,
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "defaultModelsExpandDepth": 0},
    "ENUM_NAME_OVERRIDES": {
        "MessageStatus": "messaging.statuses.MessageStatus",
        "EventKind": "messaging.models.EventKind",
        "CallbackEvent": "messaging.models.CallbackEvent",
        "CallbackDeliveryStatus": "messaging.models.DeliveryStatus",
    },
    "TAGS": [
        {"name": "whatsapp", "description": "Send messages and follow them."},
        {"name": "whatsapp-admin", "description": "Bakeries and sending numbers."},
    ],
}

# --- Logs ----------------------------------------------------------------------------------------------------------
LOGGING_CONFIG = None
LOGGING = logging_config(
    log_format=LOG_FORMAT,
    level=LOG_LEVEL,
    # What a command prints is for scripts, and stdout is theirs.
    stream="stderr" if Path(sys.argv[0]).name == "manage.py" else "stdout",
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# A refusal is the caller's affair and expected.
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO

# --- Celery --------------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # as long as it takes
# The rows are the queue, so no wake-up needs to be restored; kombu 5.7 tries to when Redis restarts while tasks run, finds
# no connection and ends the worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "ack_emulation": False,
}
# A worker without --queues watches all of messaging/queues.py.
CELERY_TASK_QUEUES = [Queue("send"), Queue("webhooks"), Queue("periodic"), Queue("callbacks")]
CELERY_TASK_DEFAULT_QUEUE = "periodic"
CELERY_TASK_ROUTES = {
    "messaging.send_queued": {"queue": "send"},
    "messaging.answer_opt_outs": {"queue": "send"},
    "messaging.apply_webhooks": {"queue": "webhooks"},
    "messaging.deliver_callbacks": {"queue": "callbacks"},
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"

# --- Admin ---------------------------------------------------------------------------------------------------------
# WhatsApp's own green is the product's colour; the steps are spaced so that text on 600 and 700 keeps 4.5 : 1.
UNFOLD = {
    "SITE_TITLE": "Bakery WhatsApp",
    "SITE_HEADER": "Bakery WhatsApp",
    "SITE_SYMBOL": "bakery_dining",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "messaging.admin.pages.favicon"},
    ],
    "SITE_URL": None,
    "ENVIRONMENT": "bakery_whatsapp.admin_site.environment_label",
    "SHOW_LANGUAGES": True,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "STYLES": ["messaging.admin.pages.stylesheet"],
    "DASHBOARD_CALLBACK": "messaging.admin.home.dashboard",
    "GLOBAL_CALLBACK": "messaging.admin.banner.halted_line",
    "SIDEBAR": {"navigation": "bakery_whatsapp.admin_site.sidebar"},
    "COLORS": {
        "primary": {
            "50": "oklch(97% .02 165)",
            "100": "oklch(94% .045 165)",
            "200": "oklch(89% .08 164)",
            "300": "oklch(82% .11 164)",
            "400": "oklch(74% .13 164)",
            "500": "oklch(65% .125 165)",
            "600": "oklch(49% .1 167)",
            "700": "oklch(43% .088 168)",
            "800": "oklch(37% .075 169)",
            "900": "oklch(32% .062 170)",
            "950": "oklch(22% .045 172)",
        },
    },
}
CELERY_BEAT_SCHEDULE = {
    # An unread sweep is worth nothing once the next one comes.
    "sweep": {
        "task": "messaging.sweep",
        "schedule": 5.0,
        "options": {"queue": "periodic", "expires": 5},
    },
    "count-usage": {
        "task": "messaging.count_usage",
        "schedule": 60.0,
        "options": {"queue": "periodic", "expires": 60},
    },
    "learn-recipients": {
        "task": "messaging.learn_recipients",
        "schedule": 60.0,
        "options": {"queue": "periodic", "expires": 60},
    },
    # Apart from the sweep, which must not wait for Meta's answers.
    "watch-webhooks": {
        "task": "messaging.watch_webhooks",
        "schedule": 60.0,
        "options": {"queue": "periodic", "expires": 60},
    },
    "sync-from-meta": {
        "task": "messaging.sync_from_meta",
        "schedule": 3600.0,
        "options": {"queue": "periodic", "expires": 3600},
    },
    # Finds the lines whose day or hour is over; so nothing depends on a beat that runs at a certain minute.
    "check-setup": {
        "task": "messaging.check_setup",
        "schedule": 600.0,
        "options": {"queue": "periodic", "expires": 600},
    },
    # Every hour what has grown old in that hour, rather than a whole day's at once.
    "delete-old": {
        "task": "messaging.delete_old",
        "schedule": 3600.0,
        "options": {"queue": "periodic", "expires": 3600},
    },
    # What is written wakes a worker by itself; this finds what was to be tried again.
    "send-mails": {
        "task": "messaging.send_mails",
        "schedule": 60.0,
        "options": {"queue": "periodic", "expires": 60},
    },
    "write-mails": {
        "task": "messaging.write_mails",
        "schedule": 3600.0,
        "options": {"queue": "periodic", "expires": 3600},
    },
}
