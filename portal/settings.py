"""Every setting of the portal, read from the environment with its type.

A bare checkout can run its tests. To serve people it wants `PORTAL_MODE`: `quickstart` (set by `make run`: plain
HTTP on this machine, demo accounts) or `production` (the default: `jobs`' start-up checks refuse what is unsafe).
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

# Without a key of its own each process makes one up: tests run, and `portal.checks` refuses to serve.
SECRET_KEY_GIVEN = env.text("SECRET_KEY")
SECRET_KEY = SECRET_KEY_GIVEN or get_random_secret_key()
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
DEBUG = False
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
CSRF_TRUSTED_ORIGINS = env.names("CSRF_TRUSTED_ORIGINS")

# -- The product
# Tells several portals in one AWS account apart; part of every job's tags.
INSTALLATION = env.label("INSTALLATION", "batch-portal")
# Tells a restored database from the one last worked with; keep it where no backup of the database brings it back.
INCARNATION_FILE = Path(env.text("INCARNATION_FILE", str(STATE / "incarnation")))
# Where EventBridge leaves what Batch tells; empty: the portal finds out by asking, which is always enough.
EVENTS_QUEUE_URL = env.url("EVENTS_QUEUE_URL", ("https", "http"))
EVENTS_REGION = env.text("EVENTS_REGION")

# -- Django
INSTALLED_APPS = [
    "portal",
    "jobs",
    "portal.apps.AdministrationConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth.account",  # not "allauth" itself, whose templates are not wanted
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "django_rq",
    "django_structlog",
    "template_partials",
]

MIDDLEWARE = [
    # What puts headers on an answer stands outside of whatever may answer by itself: static files, redirects, errors.
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "jobs.web.shell.caching.NoStoreMiddleware",
    "jobs.web.shell.probes.ProbeMiddleware",  # before whatever asks for a session or judges the host's name
    "jobs.audit.context.PassageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "jobs.web.accounts.session_expiry.ActivityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jobs.web.shell.rate_limits.RateLimitMiddleware",
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

# -- Signing in (django-allauth; its pages and what the portal decides are in jobs/web/accounts)
ACCOUNT_ADAPTER = "jobs.web.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]  # nobody signs up: that there are passwords
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {
    "login": None,  # what succeeds is not limited
    "login_failed": "10/m/ip,5/5m/key,30/d/key",  # a key is a name from an address; or, for codes, a person
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
MFA_ADAPTER = "jobs.web.accounts.adapters.FactorAdapter"
MFA_TOTP_ISSUER = "Batch Portal"
MFA_TOTP_TOLERANCE = 1  # half a minute early or late, for clocks that differ and people who type
MFA_RECOVERY_CODES_SHOW_ONCE = True
SECOND_FACTOR_FOR_LEADS = env.boolean("SECOND_FACTOR_FOR_LEADS", default=False)  # staff need one anyway
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
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Several processes write. Each write transaction takes its lock at its start, so that none deadlocks half-way,
    # and a commit is on the disk before anyone acts on it: delivery depends on that.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # seconds; else for ever
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# Attempts to sign in are counted here, for all processes alike and whether or not Redis is there.
CACHES = {"default": {"BACKEND": "portal.cache.DatabaseCache"}}

# -- Mail: smtp+tls://user:password@mail.example.org:587, smtp+ssl:// or smtp://. Without it none is sent.
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
    # Nobody waits for Redis: a ring that is not heard at once is made up for by the clock. Workers bring patience.
    "REDIS_CLIENT_KWARGS": {"socket_connect_timeout": 1, "socket_timeout": 2, "retry": Retry(NoBackoff(), 0)},
}
# In the order a worker serves them: what people wait for, what goes out, what is looked up.
RQ = {"COMMIT_MODE": "auto"}  # `jobs.task_queue` waits for the commit itself, and forgives a Redis that is away
RQ_SHOW_ADMIN_LINK = False  # its pages let all staff empty the queues; /health/ says how they are
RQ_QUEUES: dict[str, dict[str, Any]] = {"ask": _REDIS, "deliver": _REDIS, "sync": _REDIS}

# -- Security
BEHIND_TLS_PROXY = env.boolean("BEHIND_TLS_PROXY", default=False)
# How long a session lasts that is not used (jobs.web.accounts.session_expiry).
SESSION_COOKIE_AGE = 60 * env.integer("SESSION_IDLE_MINUTES", 12 * 60, at_least=5, at_most=30 * 24 * 60)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 1024 * 1024  # a pasted document may be refused by name up to here
SECURE_REDIRECT_EXEMPT = [r"^(healthz|livez|readyz)\Z"]  # asked from inside, where there is no TLS
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
        # Each proxy of ours adds to X-Forwarded-For whom it heard: so far back stands who tries to sign in.
        ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXIES", 1, at_least=1, at_most=20)

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
# The quick start serves the checkout's own files; production serves what `collectstatic` gathered and named by hash.
WHITENOISE_USE_FINDERS = QUICKSTART

# -- Logs
LOGGING = logging_config(
    as_json=env.boolean("LOG_JSON", default=PRODUCTION),
    level=env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO"),
)
