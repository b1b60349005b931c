"""What every environment shares. Everything that a deployment may change is read from the environment here."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import dj_database_url
import structlog

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR", BASE_DIR / ".data")).resolve()

DEBUG = False
ALLOWED_HOSTS = [host for host in os.environ.get("ALLOWED_HOSTS", "").split(",") if host]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if origin]

INSTALLED_APPS = [
    "marketplace.apps.MarketplaceAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_celery_beat",
    "django_prometheus",
    "marketplace.accounts",
    "exchanges",
    "bots",
    "subscriptions",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "marketplace.middleware.OneAddressPerEndpoint",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"
APPEND_SLASH = False  # the API answers with and without; pages have one address each

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.health.unsafe_samples",
            ],
        },
    },
]

# --- database: SQLite in WAL mode unless DATABASE_URL names a PostgreSQL
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",  # a writer waits for its turn at BEGIN instead of failing in the middle
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=20000;",
}


def database_from_environment() -> dict:
    """The `default` database: DATABASE_URL, or the embedded SQLite file under DATA_DIR."""
    config = dj_database_url.config(
        default=f"sqlite:///{DATA_DIR / 'marketplace.sqlite3'}", conn_max_age=60, conn_health_checks=True
    )
    if config["ENGINE"].endswith("sqlite3"):
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        config["OPTIONS"] = {**config.get("OPTIONS", {}), **SQLITE_OPTIONS}
    return dict(config)


DATABASES = {"default": database_from_environment()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- broker and cache: REDIS_URL, or the redis-server that `./run` starts on a unix socket
REDIS_URL = os.environ.get("REDIS_URL", "")


def broker_from_redis_url(url: str) -> str:
    """Celery's spelling of a Redis address: on a socket it reads the database as `virtual_host`, not `db`."""
    if url.startswith("unix://"):
        return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
    return url or "memory://"


CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or broker_from_redis_url(REDIS_URL)
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 100
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
if CELERY_BROKER_URL.startswith(("redis", "rediss")):
    # All three are needed for what a killed worker held to come back (seen with Celery 5.7 on Redis).
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": CELERY_TASK_TIME_LIMIT + 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 5,
    }
CELERY_TASK_ROUTES = {"bots.tasks.*": {"queue": "validation"}}
CELERY_TASK_DEFAULT_QUEUE = "trading"

# --- accounts
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "subscriptions:list"
LOGOUT_REDIRECT_URL = "bots:market"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_SESSION_REMEMBER = True
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "marketplace@localhost")

# --- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "marketplace.api.Pagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "marketplace.api.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"credentials": "30/min", "validation": "30/min", "login": "30/min"},
    "COERCE_DECIMAL_TO_STRING": True,
}
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(days=90),
    "AUTO_REFRESH": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Trading Bot Marketplace",
    "DESCRIPTION": "Publish trading bots, run them, see what they did. Money and quantities are decimal strings.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api",
    "ENUM_NAME_OVERRIDES": {
        "OrderLegEnum": "subscriptions.models.Order.Leg",
        "MarketTypeEnum": "exchanges.models.MarketType",
    },
}

# --- static and uploaded files
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or DATA_DIR / "static")
NODE_MODULES = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(
        (f"vendor/{name}", NODE_MODULES / package / "dist")
        for name, package in (("htmx", "htmx.org"), ("lightweight-charts", "lightweight-charts"))
        if (NODE_MODULES / package / "dist").is_dir()
    ),
]
MEDIA_ROOT = DATA_DIR / "media"
BOT_FILES_BUCKET = os.environ.get("BOT_FILES_BUCKET", "")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    "bot_files": (
        {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": BOT_FILES_BUCKET}}
        if BOT_FILES_BUCKET
        else {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(MEDIA_ROOT / "bot_files")},
        }
    ),
}
FILE_UPLOAD_HANDLERS = [
    "bots.uploads.CappedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# Uploads above this many bytes go to a temporary file instead of memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# --- security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    },
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"  # django-encrypted-model-fields and every candle rely on it
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = False

# --- bots: what an upload may be, and what the sandbox grants (units in the names)
BOT_FILE_MAX_BYTES = 100 * 1024 * 1024
BOT_FILES_MAX_COUNT = 50
BOT_CODE_MAX_BYTES = 1024 * 1024
BOT_CACHE_DIR = DATA_DIR / "bot_cache"
SANDBOX: dict[str, Any] = {
    "start_up_seconds": 20.0,
    "wall_seconds": 5.0,
    "ask_seconds": 20.0,  # all calls of one bot at one candle
    "cpu_seconds": 600,
    "memory_bytes": 1024 * 1024 * 1024,
    "total_memory_bytes": 4 * 1024 * 1024 * 1024,  # all workers of one process
    "threads": 1,
    "reply_bytes": 64 * 1024,
    "state_bytes": 32 * 1024,
    "log_bytes": 16 * 1024,
    "workers": 8,
    # A (namespaces), B (a user per worker) or C: below it no bot runs. See docs/security.md.
    "least_tier": os.environ.get("SANDBOX_LEAST_TIER") or "C",
    # Tiers A and B: workers run as users with numbers from here on (65,536 of them), which nobody else may have.
    "first_uid": int(os.environ.get("SANDBOX_FIRST_UID") or 200_000),
}
# With DEBUG and on a machine that cannot make a sandbox: run the project's own sample bots without one, and no others.
SANDBOX_UNSAFE_SAMPLES = os.environ.get("SANDBOX_UNSAFE_SAMPLES") == "1"
BOT_FAILURES_BEFORE_PAUSE = 5

# --- exchanges
# Base URLs by exchange and network, where they differ from the adapter's own (the demo points them at the simulator).
EXCHANGE_URLS: dict[str, dict[str, str]] = {}
# PEM file of the authority to trust at one of those URLs, by URL, where its certificate is of one's own making. The
# venues' own URLs are verified against the machine's authorities, and nothing is ever not verified.
EXCHANGE_CA_FILES: dict[str, str] = {}
# Venues count requests by IP address. Machines that share REDIS_URL and reach the venues from different addresses each
# give theirs a name here.
OUTGOING_ADDRESS = os.environ.get("OUTGOING_ADDRESS", "default")
SIMULATOR_URLS: dict[str, str] = {}  # by endpoint; only in the demo
SIMULATOR_CA_FILE = ""
EXCHANGE_TIMEOUT_SECONDS = 10.0
PAPER_STARTING_BALANCES = {"USDT": "100000", "USDC": "100000", "USD": "100000", "EUR": "100000"}
# The keys of exchange credentials, newest first; more than one during a rotation (`manage.py rotate_field_keys`).
FIELD_ENCRYPTION_KEY: str | list[str] = [key for key in os.environ.get("FIELD_ENCRYPTION_KEY", "").split(",") if key]

# --- subscriptions
TIMEFRAMES = ["1m", "5m", "15m", "1h", "4h", "1d"]
TRACKING_INTERVAL_SECONDS = 5

# --- logs: one JSON line per event, or readable lines on a terminal
LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO")
LOG_FORMAT = os.environ.get("LOG_FORMAT", "console")
_SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Without local variables: one of them may hold a secret.
                structlog.processors.ExceptionRenderer(
                    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
                ),
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _SHARED_PROCESSORS,
        },
        "console": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # Plain tracebacks: rich ones would print local variables, and a local may hold a secret.
                structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
            ],
            "foreign_pre_chain": _SHARED_PROCESSORS,
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "urllib3": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}
structlog.configure(
    processors=[*_SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
