"""The settings, read from the environment.

To serve people it needs `PORTAL_MODE`: `quickstart` (plain HTTP on this machine, demo accounts) or `production` (the
default: system checks reject what is unsafe).
"""

import os
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.management.utils import get_random_secret_key
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.environment import Environment
from portal.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

# -- Mode
PORTAL_MODE = env.choice("PORTAL_MODE", ("production", "quickstart"), default="production")
QUICKSTART = PORTAL_MODE == "quickstart"
PRODUCTION = not QUICKSTART
STATE = Path(env.text("STATE", str(BASE_DIR / ".portal")))

# Without SECRET_KEY each process generates one: tests run, but `portal.checks` refuses to serve.
SECRET_KEY_GIVEN = env.text("SECRET_KEY")
SECRET_KEY = SECRET_KEY_GIVEN or get_random_secret_key()
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
DEBUG = False
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")

# -- The product
# Distinguishes several portals in one AWS account; part of every job's tags.
INSTALLATION = env.label("INSTALLATION", "batch-portal")
# For definitions without vCPU or memory, of teams without a default of their own: vCPU and MiB, such as 1,2048.
DEFAULT_SIZE = env.size("DEFAULT_SIZE")
# Detects a restored database; keep the file where no backup of the database restores it.
INCARNATION_FILE = Path(env.text("INCARNATION_FILE", str(STATE / "incarnation")))
# The SQS queue of EventBridge's Batch events; optional, because polling is always enough.
EVENTS_QUEUE_URL = env.url("EVENTS_QUEUE_URL", ("https", "http"))
EVENTS_REGION = env.text("EVENTS_REGION")

# -- Django
INSTALLED_APPS = [
    "portal",
    "jobs",
    "portal.apps.PortalAdminConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth.account",  # not "allauth" itself: its templates are not used
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_rq",
    "django_structlog",
    "template_partials",
]

MIDDLEWARE = [
    # Middleware that sets headers comes before any that may respond by itself: static files, redirects, errors.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "jobs.web.shell.caching.NoStoreMiddleware",
    "jobs.web.shell.probes.ProbeMiddleware",  # before sessions and host validation
    "jobs.audit.context.AuditContextMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "jobs.web.accounts.session_expiry.ActivityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jobs.web.shell.rate_limits.RateLimitMiddleware",
    "jobs.web.shell.last_team.LastTeamMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
AUTH_USER_MODEL = "jobs.User"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign_in"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

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
                "csp.context_processors.nonce",
                "jobs.web.shell.context.portal",
            ],
            "builtins": ["jobs.templatetags.portal"],
        },
    },
]

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# -- Signing in (django-allauth; its pages and adapters are in jobs/web/accounts)
ACCOUNT_ADAPTER = "jobs.web.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # no one signs up; says that there are passwords
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {
    "login": None,  # successful sign-ins are not limited
    "login_failed": "10/m/ip,5/5m/key,30/d/key",  # a key is a name and address; for codes, a user
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "reset_password": "10/m/ip,3/h/key",
    "reset_password_from_key": "20/m/ip",
}
# Requests a minute of one token or one person (`jobs.rate_limit`); 0 is no limit.
RATE_LIMITS = {
    "documents": env.integer("RATE_LIMIT_DOCUMENTS", 1200, at_least=0, at_most=1_000_000),
    "searches": env.integer("RATE_LIMIT_SEARCHES", 240, at_least=0, at_most=1_000_000),
    "previews": env.integer("RATE_LIMIT_PREVIEWS", 600, at_least=0, at_most=1_000_000),
}
MFA_ADAPTER = "jobs.web.accounts.adapters.MfaAdapter"
MFA_TOTP_ISSUER = "Batch Portal"
MFA_TOTP_TOLERANCE = 1  # half a minute early or late, for clock skew and slow typing
MFA_RECOVERY_CODES_SHOW_ONCE = True
SECOND_FACTOR_FOR_LEADS = env.boolean("SECOND_FACTOR_FOR_LEADS", default=False)  # staff always need one
PASSWORD_RESET_TIMEOUT = 3600

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

# -- Database
DATABASES: dict[str, dict[str, Any]] = {
    "default": environ.Env.db_url_config(
        env.url("DATABASE_URL", ("postgres", "postgresql", "sqlite"), default=f"sqlite:///{STATE / 'portal.sqlite3'}")
    )
}
# A new connection costs as much as a small page, on SQLite too: it reads the schema.
DATABASES["default"]["CONN_MAX_AGE"] = 60
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Several processes write. A write transaction takes its lock when it starts, so that none deadlocks,
    # and a commit is on disk before anyone acts on it: delivery depends on that.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
    }
else:
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options.setdefault("connect_timeout", 5)  # seconds; else unlimited
    # Pages read few rows: most of a statement's time is planning. The query of a job's page joins 13 tables, and
    # planning it in the order that Django writes takes a third of the time of comparing orders of eight tables.
    # Compiling and parallel processes help long statements only.
    _options.setdefault("options", "-c join_collapse_limit=4 -c jit=off -c max_parallel_workers_per_gather=0")
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

CACHES = {
    # Sign-in attempts are counted here: shared by all processes, and independent of Redis.
    "default": {"BACKEND": "portal.cache.DatabaseCache"},
    # Of each process: sums that may be some minutes old.
    "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# Copies of logs that people have opened, compressed, in the database.
LOG_CACHE_MIB = env.integer("LOG_CACHE_MIB", 1024, at_least=16, at_most=1_000_000)

# -- Mail: smtp+tls://user:password@mail.example.org:587, smtp+ssl:// or smtp://. Without it no mail is sent.
_mail = env.url("EMAIL_URL", ("smtp+tls", "smtp+ssl", "smtp", "consolemail", "filemail"))
SENDS_MAIL = bool(_mail)
vars().update(environ.Env.email_url_config(_mail or "dummymail://"))
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("MAIL_FROM", "batch-portal@localhost")

# -- Redis and RQ
# Separate fields, not a URL: rq passes a client's retry settings on only with these.
_redis, _redis_database = env.redis("REDIS_URL", "redis://127.0.0.1:6379/0")
_REDIS: dict[str, Any] = {
    "HOST": _redis.hostname or "127.0.0.1",
    "PORT": _redis.port or 6379,
    "DB": _redis_database,
    "USERNAME": _redis.username,
    "PASSWORD": _redis.password,
    "SSL": _redis.scheme == "rediss",
    "SERIALIZER": "rq.serializers.JSONSerializer",
    "DEFAULT_TIMEOUT": 60,
    # No request waits for Redis: the periodic sweep covers a lost message. Workers set longer timeouts.
    "REDIS_CLIENT_KWARGS": {"socket_connect_timeout": 1, "socket_timeout": 2, "retry": Retry(NoBackoff(), 0)},
}
RQ = {"COMMIT_MODE": "auto"}  # `jobs.task_queue` waits for the commit itself, and tolerates a Redis that is down
RQ_SHOW_ADMIN_LINK = False  # its pages let all staff empty the queues; /health/ shows them
# In the order a worker serves them: interactive requests, delivery, updates from AWS, and what can wait.
RQ_QUEUES: dict[str, dict[str, Any]] = dict.fromkeys(("ask", "deliver", "sync", "background"), _REDIS)

# -- Security
BEHIND_TLS_PROXY = env.boolean("BEHIND_TLS_PROXY", default=False)
# Each proxy appends the address it received the request from; this many back is the client's.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 1, at_least=1, at_most=20) if BEHIND_TLS_PROXY else 0
# How long an idle session lasts (jobs.web.accounts.session_expiry).
SESSION_COOKIE_AGE = 60 * env.integer("SESSION_IDLE_MINUTES", 12 * 60, at_least=5, at_most=30 * 24 * 60)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024  # up to here a document too large gets a proper message
SECURE_REDIRECT_EXEMPT = [r"^(healthz|livez|readyz)\Z"]  # called internally, without TLS
if PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 31_536_000, at_least=0, at_most=10 * 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if BEHIND_TLS_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# -- Static files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(STATE / "static")))
_MANIFEST = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": env.text("STATICFILES_STORAGE", _MANIFEST)},
}
# The quick start serves the checkout's files; production those that `collectstatic` named by hash.
WHITENOISE_USE_FINDERS = QUICKSTART

# -- Logs
LOGGING = logging_config(
    as_json=env.boolean("LOG_JSON", default=PRODUCTION),
    level=env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO"),
)
