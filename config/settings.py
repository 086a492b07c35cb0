"""Settings, all from the environment.

Without any variable this is the embedded default: SQLite, the file-system
broker and the SMS spool under ``var/``, no server needed. ``.env.example``
lists every variable; a value that is not understood stops the start.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import phonenumbers
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from config import env, logs
from config.roles import ROLES as ROLES

BASE_DIR = Path(__file__).resolve().parent.parent
env.load(Path(os.environ.get("ENV_FILE", BASE_DIR / ".env")))
VAR_DIR = env.directory(
    "VAR_DIR", default=BASE_DIR / "var", help="Where the embedded default keeps its files."
)

# --- What kind of installation ------------------------------------------------

PRODUCTION = env.flag(
    "PRODUCTION",
    default=False,
    help="HTTPS only: cookies, HSTS, redirect. SECRET_KEY and ALLOWED_HOSTS become required.",
)
DEBUG = env.flag("DEBUG", default=False, help="Django's debug pages. Never in production.")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG=true and PRODUCTION=true exclude each other")


def _secret_key() -> str:
    """The configured key, or, outside production, one made once and kept under ``var/``."""
    key = env.secret(
        "SECRET_KEY",
        least=50 if PRODUCTION else 1,
        help="Signs sessions; in production required, at least 50 characters. Generated into var/ otherwise.",
    )
    if key is not None:
        return key
    if PRODUCTION:
        raise ImproperlyConfigured("SECRET_KEY is required when PRODUCTION=true")
    path = VAR_DIR / "secret_key"
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: of several processes starting at once, one makes the key and all use it.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text().strip()


SECRET_KEY = _secret_key()
FIELD_ENCRYPTION_KEYS = env.secrets(
    "FIELD_ENCRYPTION_KEYS",
    pattern=r"[A-Za-z0-9_-]{43}=",
    help="Fernet keys for secrets kept in the database, newest first; unset: derived from SECRET_KEY.",
)
SECRET_KEY_FALLBACKS = env.secrets(
    "SECRET_KEY_FALLBACKS",
    help="Earlier values of SECRET_KEY that are still accepted while it is being rotated.",
)
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    default="" if PRODUCTION else "localhost,127.0.0.1,[::1]",
    pattern=r"\*|\.?[\w-]+(\.[\w-]+)*|\[[0-9A-Fa-f:.]+\]",
    help="Host names this installation answers to.",
)
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS is required when PRODUCTION=true")
CSRF_TRUSTED_ORIGINS = env.words(
    "CSRF_TRUSTED_ORIGINS",
    default="",
    pattern=r"https?://.+",
    help="Origins whose forms are accepted behind a proxy.",
)

# --- Apps -----------------------------------------------------------------------

INSTALLED_APPS = [
    "config.apps.SwitchboardConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.SwitchboardAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "django_otp",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "audit",
    "sheets",
    "contacts",
    "outbox",
    "smsbridge",
    "sendables",
    "stagebased",
    "telephony",
    "hospitality",
    "webhooks",
    "broadcasts",
]

MIDDLEWARE = [
    "config.health.ProbesMiddleware",
    "config.requests.requests",
    "config.policy.content_policy",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "audit.middleware.ActingMiddleware",
    "config.messages.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
# Every dialect answers both slash forms itself; a redirect would lose a POST's body.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -------------------------------------------------------------------

DATABASES = {
    "default": env.database(
        "DATABASE_URL",
        embedded=VAR_DIR / "db.sqlite3",
        help="postgres://user:password@host:port/name or sqlite:////absolute/path. Unset: SQLite in VAR_DIR.",
    )
}
DATABASE_CONN_MAX_AGE = env.number(
    "DATABASE_CONN_MAX_AGE", default=60, help="Seconds a PostgreSQL connection is kept between requests."
)
DATABASE_STATEMENT_SECONDS = env.number(
    "DATABASE_STATEMENT_SECONDS",
    default=30,
    help="Seconds after which a web request gives up an SQL statement and answers 503; 0: never.",
)
EMBEDDED = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if EMBEDDED:
    # IMMEDIATE takes the write lock at BEGIN: a read-then-write transaction waits its turn
    # instead of failing with "database is locked". WAL lets readers go on meanwhile.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    DATABASES["default"]["CONN_MAX_AGE"] = DATABASE_CONN_MAX_AGE
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A database host that is off the network is noticed in seconds, not after TCP's two hours.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 20,
        "keepalives_interval": 5,
        "keepalives_count": 4,
        "tcp_user_timeout": 40_000,
        **DATABASES["default"].get("OPTIONS", {}),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker, tasks, clock ---------------------------------------------------------

BROKER_URL = env.url(
    "BROKER_URL",
    default=None,
    schemes=("redis", "rediss", "amqp", "amqps", "filesystem", "memory"),
    help="redis://host:6379/0 or amqp://…; unset: kombu's file-system transport under var/broker/.",
)
CELERY_BROKER_URL = BROKER_URL or "filesystem://localhost//"
CELERY_TIMEZONE = "UTC"
CELERY_TASK_DEFAULT_QUEUE = "switchboard"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 200
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Remote control would leave files behind in the file-system broker.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = not CELERY_BROKER_URL.startswith("filesystem")
if CELERY_BROKER_URL.startswith("filesystem"):
    CELERY_BROKER_TRANSPORT = "config.broker.Transport"
    _broker_dir = VAR_DIR / "broker"
    for _name in ("messages", "control"):
        (_broker_dir / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(_broker_dir / "messages"),
        "data_folder_out": str(_broker_dir / "messages"),
        "control_folder": str(_broker_dir / "control"),
        "store_processed": False,
        # How often an idle worker looks for a new message file, in seconds.
        "polling_interval": 0.3,
    }
elif CELERY_BROKER_URL.startswith("redis"):
    # Longer than any task runs; the two unacked_restore options make an unacknowledged
    # task come back after this time plus seconds instead of plus a minute and a half.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 300,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # A Redis host that is off the network must not hold up a request that only gives a hint.
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
    }
# A hint that waited longer than this is not worth executing: the next tick has found the same work. As
# long as a minute, because it is also by how much the clocks of two hosts may differ.
_hint = {"expires": 60}
CELERY_BEAT_SCHEDULE = {
    "plan due slots": {"task": "stagebased.plan", "schedule": crontab(), "options": _hint},
    "work bulk changes": {"task": "stagebased.work_bulk", "schedule": 5.0, "options": {"expires": 5}},
    "work resends": {"task": "outbox.work_resends", "schedule": 5.0, "options": {"expires": 5}},
    "work broadcasts": {"task": "broadcasts.work", "schedule": 5.0, "options": {"expires": 5}},
    "find who is behind": {
        "task": "stagebased.find_behind",
        "schedule": crontab(hour=2, minute=10),
        "options": _hint,
    },
    "estimate sends": {
        "task": "stagebased.estimate_sends",
        "schedule": crontab(hour=0, minute=5),
        "options": _hint,
    },
    "count stages": {"task": "stagebased.take_census", "schedule": 300.0, "options": _hint},
    "wake gateways": {"task": "outbox.wake_gateways", "schedule": 5.0, "options": _hint},
    "sweep": {"task": "outbox.sweep", "schedule": 30.0, "options": _hint},
    "publish notices": {"task": "sendables.publish", "schedule": 5.0, "options": _hint},
    "sweep notices": {"task": "sendables.sweep", "schedule": 60.0, "options": _hint},
    "prune": {"task": "accounts.prune", "schedule": crontab(hour=3, minute=20), "options": _hint},
    "work on imports": {"task": "sheets.work", "schedule": 10.0, "options": _hint},
    "sweep imports": {"task": "sheets.sweep", "schedule": crontab(minute=40), "options": _hint},
    "mail voice messages": {"task": "telephony.mail_messages", "schedule": 60.0, "options": _hint},
    "mail feedback": {"task": "hospitality.mail_feedback", "schedule": 60.0, "options": _hint},
}
CELERY_BEAT_SCHEDULER = "config.beat:SteadyScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")

CACHE_URL = env.url(
    "CACHE_URL",
    default=None,
    schemes=("redis", "rediss"),
    help="Redis for throttles and caches. Unset: BROKER_URL when that is Redis, else each process's memory.",
)
if CACHE_URL is None and CELERY_BROKER_URL.startswith("redis"):
    CACHE_URL = CELERY_BROKER_URL
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "accounts.caching.RedisOrMemory",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "switchboard",
    }
    if CACHE_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- Delivery -----------------------------------------------------------------------

# A channel is found here by the name that a message set or a delivery carries.
OUTBOX_CHANNELS = {
    "sms": "smsbridge.channel.SmsChannel",
    "notice": "sendables.channel.NoticeChannel",
    "voicemail": "telephony.channel.VoicemailChannel",
}
OUTBOX_LEASE_SECONDS = env.number(
    "OUTBOX_LEASE_SECONDS",
    default=120,
    least=5,
    help="A claimed delivery whose worker is silent this long is taken up again.",
)
OUTBOX_MAX_ATTEMPTS = env.number(
    "OUTBOX_MAX_ATTEMPTS",
    default=5,
    least=1,
    most=100,
    help="Hand-overs tried before a delivery is failed for good.",
)
OUTBOX_BATCH = env.number(
    "OUTBOX_BATCH", default=500, least=1, most=5000, help="Deliveries handed over in one transaction."
)
OUTBOX_PART_PRICES = {
    name: Decimal(price)
    for name, price in (
        entry.split("=")
        for entry in env.words(
            "OUTBOX_PART_PRICES",
            default="",
            pattern=r"[a-z]{1,20}=[0-9]{1,6}(\.[0-9]{1,6})?",
            help="What a part costs, by channel, e.g. sms=0.25; only shown: in previews and before sending.",
        )
    )
}
OUTBOX_CURRENCY = env.text(
    "OUTBOX_CURRENCY", default="", pattern=r"([A-Z]{3})?", help="Currency of the prices, e.g. ZAR."
)

SMS_SPOOL = env.directory(
    "SMS_SPOOL", default=VAR_DIR / "spool", help="smsd's spool, the gateway named 'sms'."
)
#: Every SMS gateway and its spool directory. Further ones beside the default:
SMS_GATEWAYS = {"sms": SMS_SPOOL} | env.named_directories(
    "SMS_GATEWAYS",
    help="Further gateways as name=/spool/path pairs, each served by the Celery queue gateway.<name>.",
)
SMS_REGION = env.text(
    "SMS_REGION",
    default="",
    pattern=r"([A-Z]{2})?",
    help="Country (two ISO 3166 letters) whose national numbers are understood; empty: none are.",
)
if SMS_REGION and SMS_REGION not in phonenumbers.SUPPORTED_REGIONS:
    raise ImproperlyConfigured(f"SMS_REGION={SMS_REGION!r}: not a country such as ZA")
SMS_STRICT_NUMBERS = env.flag(
    "SMS_STRICT_NUMBERS",
    default=False,
    help="Refuse numbers outside the ranges that countries have assigned, not only impossible ones.",
)
IDENTITY_STORE_URL = env.url(
    "IDENTITY_STORE_URL",
    default=None,
    schemes=("https", "http"),
    help="Another identity store, e.g. https://host/api/v1, that is asked about people unknown here.",
)
IDENTITY_STORE_TOKEN = env.secret(
    "IDENTITY_STORE_TOKEN", least=8, help="The token sent to the other identity store."
)
IDENTITY_STORE_TIMEOUT = env.number(
    "IDENTITY_STORE_TIMEOUT",
    default=5,
    least=1,
    most=60,
    help="Seconds to wait for the other identity store.",
)
if bool(IDENTITY_STORE_URL) != bool(IDENTITY_STORE_TOKEN):
    raise ImproperlyConfigured("IDENTITY_STORE_URL and IDENTITY_STORE_TOKEN go together: set both or neither")
if IDENTITY_STORE_URL:
    CELERY_BEAT_SCHEDULE["look people up"] = {
        "task": "contacts.look_people_up",
        "schedule": crontab(),
        "options": _hint,
    }
ADDRESS_MAX_FAILURES = env.number(
    "ADDRESS_MAX_FAILURES",
    default=0,
    most=1000,
    help="Failed deliveries in a row after which an address is set aside as inactive; 0: never.",
)
SMS_HIGH_WATER = env.number(
    "SMS_HIGH_WATER",
    default=500,
    least=1,
    help="Files waiting in a spool before hand-over pauses; smsd slows down beyond it.",
)
SMS_MAX_PARTS = env.number(
    "SMS_MAX_PARTS", default=10, least=1, most=255, help="Longest SMS accepted, in parts."
)
SMS_SPOOL_SYNC = env.flag(
    "SMS_SPOOL_SYNC",
    default=True,
    help="Bring each batch of SMS files onto the disk before smsd sees it; off, a power cut may lose some.",
)
SMS_REPORTS = env.flag(
    "SMS_REPORTS", default=True, help="Ask the network for a delivery report for each SMS."
)
SMS_LOOP_LIMIT = env.number(
    "SMS_LOOP_LIMIT",
    default=3,
    least=1,
    most=1000,
    help="Automatic answers to one number with the same text within five minutes; then it is only recorded.",
)
SMSD_TIMEZONE = env.timezone(
    "SMSD_TIMEZONE", default="UTC", help="Zone of the wall-clock times that smsd writes into its files."
)

# --- SMS interface (/api/v1.0/) -----------------------------------------------------------

SMS_API_ACCESS = env.choice(
    "SMS_API_ACCESS",
    default="all",
    among=("all", "listed"),
    help="Who may use the SMS interface: all accounts, or staff and those with that right of their own.",
)
SMS_API_GET_SENDS = env.flag(
    "SMS_API_GET_SENDS", default=True, help="Let GET /api/v1.0/sms/outgoing?text=…&mobiles=… send, as it did."
)
SMS_API_OVERRIDE_OPT_OUT = env.flag(
    "SMS_API_OVERRIDE_OPT_OUT",
    default=False,
    help="Let accounts with that right send SMS to people who opted out.",
)
SMS_API_MAX_MOBILES = env.number(
    "SMS_API_MAX_MOBILES", default=10_000, least=1, most=100_000, help="Most numbers in one request."
)
SMS_DEFAULT_QUEUE = env.text(
    "SMS_DEFAULT_QUEUE",
    default="",
    pattern=r"([A-Za-z0-9_.-]{1,32})?",
    help="smsd's queue for requests that name none; empty: smsd chooses.",
)
SMS_LIST_LIMIT = env.number(
    "SMS_LIST_LIMIT", default=10_000, most=1_000_000, help="Message ids in one list; 0: no limit."
)
SMS_ADMIN_ACCOUNTS = env.words(
    "SMS_ADMIN_ACCOUNTS",
    default="",
    help="Accounts that see and delete everybody's messages; staff see them, and delete as their role says.",
)
SMS_USER_WHITELIST = dict(
    entry.split("=", 1)
    for entry in env.words(
        "SMS_USER_WHITELIST",
        default="",
        pattern=r"[^,\s=]+=(\+?[0-9]{1,15}\*?(\|\+?[0-9]{1,15}\*?)*)?",
        help="Where accounts may send: name=+27820001001|+2782*; a name with nothing after = may not send.",
    )
)
SMS_COUNTRIES = env.words(
    "SMS_COUNTRIES",
    default="",
    pattern=r"[A-Z]{2}",
    help="Countries (ISO 3166 letters) the SMS interface sends to; empty: all.",
)
SMS_DAILY_SEGMENTS = env.number(
    "SMS_DAILY_SEGMENTS", default=0, help="SMS parts an account may send in a day (UTC); 0: no limit."
)
SMS_PREFIX_QUOTAS = {
    prefix: int(most)
    for prefix, most in (
        entry.split("=")
        for entry in env.words(
            "SMS_PREFIX_QUOTAS",
            default="",
            pattern=r"\+[0-9]{1,15}=[0-9]{1,9}",
            help="SMS parts all accounts together may send in a day to a prefix, e.g. +882=10,+88=50.",
        )
    )
}
SMS_SEQUENCE_LIMIT = env.number(
    "SMS_SEQUENCE_LIMIT",
    default=20,
    most=1000,
    help="An account that sends to this many consecutive numbers within an hour is stopped; 0: never.",
)

# --- Planning -----------------------------------------------------------------------

PLANNER_BATCH = env.number(
    "PLANNER_BATCH", default=5000, least=1, most=50_000, help="Subscriptions planned in one transaction."
)
PLANNER_GRACE_MINUTES = env.number(
    "PLANNER_GRACE_MINUTES",
    default=120,
    least=1,
    most=60 * 24 * 7,
    help="How late, after an outage, a slot is still sent; an older one is recorded as missed.",
)
PLANNER_MAX_AGE_HOURS = env.number(
    "PLANNER_MAX_AGE_HOURS",
    default=48,
    least=1,
    most=24 * 365,
    help="A programme's message that still waits for its gateway after this time expires.",
)
_audio = env.text(
    "AUDIO_FOLDER",
    default="",
    pattern=r"(/.+)?",
    help="A telephone platform's folder, into which /api/v1/sync_audio_files/ copies audio; empty: none.",
)
AUDIO_FOLDER = Path(_audio) if _audio else None

PROGRAMMES_API_ACCESS = env.choice(
    "PROGRAMMES_API_ACCESS",
    default="all",
    among=("all", "listed"),
    help="Who may use the interfaces of programmes and people: all accounts, or those with that right.",
)

# --- Hubs -----------------------------------------------------------------------------

HUB_WEBHOOK_SECRETS = env.secrets(
    "HUB_WEBHOOK_SECRETS",
    pattern=r"(whsec_)?[A-Za-z0-9+/]{32,}={0,2}",
    help="Secrets with which hubs sign their requests (Standard Webhooks); while one is changed, both.",
)
HUB_WEBHOOK_SIGNATURES = env.choice(
    "HUB_WEBHOOK_SIGNATURES",
    default="required",
    among=("required", "optional"),
    help="With HUB_WEBHOOK_SECRETS: whether a hub's request must be signed. A wrong signature never counts.",
)

# --- Spreadsheets ---------------------------------------------------------------------

# A kind of list that can be imported is found here by its name.
SHEETS = {"people": "contacts.sheets.People", "texts": "stagebased.sheets.Texts"}

# --- Telephony ------------------------------------------------------------------------

TELEPHONY_TRUSTED_LISTENER = env.choice(
    "TELEPHONY_TRUSTED_LISTENER",
    default="0",
    among=("0", "1"),
    help="1: this process answers the telephony interface without log-in. Only for one bound to loopback.",
) == "1"  # fmt: skip
TELEPHONY_LENIENT_ACCEPT = env.flag(
    "TELEPHONY_LENIENT_ACCEPT",
    default=False,
    help="Answer telephony clients that send no Accept header, instead of 406.",
)
TELEPHONY_SHOW_PASSWORDS = env.flag(
    "TELEPHONY_SHOW_PASSWORDS",
    default=True,
    help="Tell telephony clients the passwords of users and mailboxes, as XiVO did; false: empty ones.",
)
TELEPHONY_MAILBOX_KEEPS_USER = env.flag(
    "TELEPHONY_MAILBOX_KEEPS_USER",
    default=False,
    help="Refuse (412) to delete a telephony user with a mailbox unless by ?deleteVoicemail, as later XiVOs.",
)
VOICEMAIL_MAX_MESSAGES = env.number(
    "VOICEMAIL_MAX_MESSAGES", default=100, least=1, most=9999, help="Messages a mailbox folder holds."
)
VOICEMAIL_MAIL_ATTEMPTS = env.number(
    "VOICEMAIL_MAIL_ATTEMPTS", default=20, least=1, most=1000, help="Tries to send an e-mail about a message."
)
_asterisk = env.text(
    "ASTERISK_VOICEMAIL_SPOOL",
    default="",
    pattern=r"(/.+)?",
    help="Asterisk's voicemail folder, into which recordings are copied as well; empty: no copies.",
)
ASTERISK_VOICEMAIL_SPOOL = Path(_asterisk) if _asterisk else None
ASTERISK_VOICEMAIL_CONTEXT = env.text(
    "ASTERISK_VOICEMAIL_CONTEXT",
    default="default",
    pattern=r"[A-Za-z0-9_-]+",
    help="Voicemail context of the mailboxes in Asterisk.",
)

# --- Hospitality ----------------------------------------------------------------------

HOSPITALITY_SESSION_SECONDS = env.number(
    "HOSPITALITY_SESSION_SECONDS",
    default=200_000,
    least=600,
    help="How long a hospitality app stays logged in without being used, in seconds.",
)
HOSPITALITY_FEEDBACK_WORDS = env.number(
    "HOSPITALITY_FEEDBACK_WORDS", default=0, most=1000, help="Fewest words of feedback; 0: any."
)
HOSPITALITY_NEW_MEMBER_DAYS = env.number(
    "HOSPITALITY_NEW_MEMBER_DAYS", default=7, most=3650, help="How many days a member counts as new."
)
HOSPITALITY_NEW_MEMBER_RECIPIENTS = env.number(
    "HOSPITALITY_NEW_MEMBER_RECIPIENTS",
    default=0,
    help="To how many people a new member of the hospitality network may write in a day; 0: no limit.",
)

# --- Webhooks --------------------------------------------------------------------------

WEBHOOK_ALLOW_HTTP = env.flag(
    "WEBHOOK_ALLOW_HTTP", default=False, help="Let events be posted to http:// too, readable on the way."
)
WEBHOOK_ALLOWED_NETWORKS = env.networks(
    "WEBHOOK_ALLOWED_NETWORKS",
    help="Private networks that events may be posted into, e.g. 10.1.0.0/16; by itself none is.",
)
WEBHOOK_DISABLE_DAYS = env.number(
    "WEBHOOK_DISABLE_DAYS",
    default=5,
    least=1,
    most=365,
    help="An endpoint that has failed for so many days without a success is disabled.",
)
WEBHOOK_EVENT_DAYS = env.number(
    "WEBHOOK_EVENT_DAYS",
    default=30,
    least=6,
    most=3650,
    help="Days for which events can be posted again.",
)
CELERY_BEAT_SCHEDULE |= {
    "post to webhooks": {
        "task": "webhooks.post",
        "schedule": 5.0,
        "options": {"expires": 5, "queue": "webhooks"},
    },
}

# --- How long things are kept (docs/operations.md, Retention) ----------------------------

DELIVERY_RETENTION_DAYS = env.number(
    "DELIVERY_RETENTION_DAYS",
    default=0,
    most=36_500,
    help="Days after which deliveries and broadcasts that came to their end are removed; 0: never.",
)
INBOUND_RETENTION_DAYS = env.number(
    "INBOUND_RETENTION_DAYS",
    default=0,
    most=36_500,
    help="Days after which received SMS are removed; 0: never.",
)
AUDIT_RETENTION_DAYS = env.number(
    "AUDIT_RETENTION_DAYS",
    default=0,
    most=36_500,
    help="Days after which entries of the audit log are removed; 0: never.",
)
TOKEN_RETENTION_DAYS = env.number(
    "TOKEN_RETENTION_DAYS",
    default=90,
    most=36_500,
    help="Days for which API tokens that were revoked or have expired can still be looked at.",
)
SMS_ARCHIVE_DAYS = env.number(
    "SMS_ARCHIVE_DAYS",
    default=90,
    most=36_500,
    help="Days for which the gateways' files are kept in the spool's archive; 0: for ever.",
)
SMS_REQUEST_KEY_DAYS = env.number(
    "SMS_REQUEST_KEY_DAYS",
    default=30,
    least=1,
    most=36_500,
    help="Days for which the SMS interface remembers an Idempotency-Key.",
)
SMS_QUOTA_USE_DAYS = env.number(
    "SMS_QUOTA_USE_DAYS",
    default=400,
    least=2,
    most=36_500,
    help="Days for which it can be seen how much of its quotas an account used.",
)

# --- E-mail -----------------------------------------------------------------------------

_email = env.email(
    "EMAIL_URL", help="smtp://user:password@host:port, smtps://… or smtp+tls://…; unset: nothing is mailed."
)
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _email.get("EMAIL_HOST", "localhost"), _email.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _email.get("EMAIL_USE_TLS", False), _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text(
    "EMAIL_FROM", default="switchboard@localhost", pattern=r".+@.+", help="Sender of e-mails."
)

# --- Messages and notices -----------------------------------------------------------

_messages_per_hour = env.number(
    "MESSAGES_PER_HOUR",
    default=1000,
    help="Most in-app messages one person sends in an hour; 0: no limit. Administrators have none.",
)
_message_days = env.number(
    "MESSAGE_RETENTION_DAYS", default=0, help="In-app messages older than this are removed; 0: never."
)
_notice_days = env.number(
    "NOTICE_RETENTION_DAYS", default=0, help="In-app notices older than this are removed; 0: never."
)
#: What each kind of in-app message does differently from its defaults (docs/sendables.md).
SENDABLES: dict[str, dict[str, Any]] = {
    "message": {
        "SEND_RATE": f"{_messages_per_hour}/hour" if _messages_per_hour else None,
        "RETENTION_DAYS": _message_days or None,
        "RECIPIENT_RATE": "hospitality.limits.recipient_rate" if HOSPITALITY_NEW_MEMBER_RECIPIENTS else None,
    },
    "notice": {"RETENTION_DAYS": _notice_days or None},
}
#: Live streams: Redis says when to look; without it the database is polled.
SENDABLES_STREAM = {"REDIS_URL": CACHE_URL}

# --- API ------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    # What import_htpasswd brings over; replaced at the first log-in.
    "accounts.hashers.HtpasswdApr1",
    "accounts.hashers.HtpasswdBcrypt",
    "accounts.hashers.HtpasswdSha1",
    "accounts.hashers.HtpasswdCrypt",
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
CSRF_FAILURE_VIEW = "config.pages.csrf_failure"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.permissions.HasScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.throttles.RequestRate"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "accounts.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "accounts.api.pagination.EnvelopePagination",
    "EXCEPTION_HANDLER": "accounts.api.errors.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "accounts.api.openapi.inspector.OperationSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
#: The OpenAPI document (docs/api.md).
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Switchboard",
    "DESCRIPTION": "One store of people, messages and deliveries that speaks five API dialects.",
    "VERSION": tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
    "LICENSE": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
    "SERVERS": [{"url": "/", "description": "This installation"}],
    "SCHEMA_PATH_PREFIX": "",
    "DEFAULT_GENERATOR_CLASS": "config.openapi.Generator",
    "PREPROCESSING_HOOKS": ["config.openapi.with_plain_views", "config.openapi.one_form_of_each"],
    "POSTPROCESSING_HOOKS": ["config.openapi.with_names_and_tags"],
    # A document that cannot be made fails a test; it need not hold up a deployment's check.
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}
PASSWORD_CACHE_SECONDS = env.number(
    "PASSWORD_CACHE_SECONDS",
    default=300,
    most=86_400,
    help="How long a verified password is not hashed again (a changed one counts at once); 0: always hash.",
)
API_REQUESTS_PER_MINUTE = env.number(
    "API_REQUESTS_PER_MINUTE",
    default=0,
    least=0,
    help="Requests that one account, or one address without an account, may make in a minute; 0: no limit.",
)
PASSWORD_FAILURES = env.number(
    "PASSWORD_FAILURES",
    default=10,
    least=1,
    help="Wrong passwords allowed for an account from one address; ten times as many for either alone.",
)
PASSWORD_FAILURE_WINDOW = env.number(
    "PASSWORD_FAILURE_WINDOW",
    default=300,
    least=1,
    most=86_400,
    help="Seconds for which wrong passwords are remembered.",
)
API_PAGE_SIZE = env.number(
    "API_PAGE_SIZE", default=1000, least=1, most=5000, help="Records on a page when a caller names no limit."
)
API_MAX_PAGE_SIZE = env.number(
    "API_MAX_PAGE_SIZE", default=5000, least=1, most=100_000, help="Largest page a caller may ask for."
)
DATA_UPLOAD_MAX_MEMORY_SIZE = env.number(
    "MAX_BODY_BYTES",
    default=2_500_000,
    least=1024,
    help="Largest request body that is not a file upload, in bytes.",
)
MAX_UPLOAD_BYTES = env.number(
    "MAX_UPLOAD_BYTES", default=20_000_000, least=1024, help="Largest uploaded file, in bytes."
)

# --- Admin site -----------------------------------------------------------------------------

ADMIN_PATH = env.text(
    "ADMIN_PATH",
    default="admin",
    pattern=r"(?!(api|docs|services|user|hospitality|messages|notices|media|static|metrics|healthz)$)[A-Za-z0-9_-]{1,64}",
    help="Below which path the admin site is: https://host/<it>/.",
)
ADMIN_SECOND_FACTOR = env.choice(
    "ADMIN_SECOND_FACTOR",
    default="optional",
    among=("optional", "required"),
    help="Whether staff must set up an authenticator app before the admin site opens for them.",
)
UNFOLD = {
    "SITE_TITLE": "Switchboard",
    "SITE_HEADER": "Switchboard",
    "SITE_SUBHEADER": "People, programmes and deliveries",
    "SITE_SYMBOL": "hub",
    "SITE_URL": None,
    "SHOW_HISTORY": "config.navigation.sees_history",
    # None of its own: browsers then ask for none.
    "SITE_FAVICONS": [{"rel": "icon", "href": "data:,"}],
    "STYLES": ["config.navigation.style"],
    "SCRIPTS": ["config.navigation.labels"],
    "ACCOUNT": {"navigation": "config.navigation.account_links"},
    "SIDEBAR": {"show_search": True, "navigation": "config.navigation.sidebar"},
}

# --- Time, language, files ---------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]
STATIC_URL = "/static/"
# Static files are served straight from the packages: no collectstatic step to forget.
WHITENOISE_USE_FINDERS = True
MEDIA_URL = "/media/"
MEDIA_ROOT = env.directory(
    "MEDIA_ROOT", default=VAR_DIR / "media", help="Where uploaded audio and pictures are kept."
)

# --- Security -----------------------------------------------------------------------------

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = (
    env.flag(
        "SSL_REDIRECT",
        default=True,
        help="In production, redirect HTTP to HTTPS; turn off only where the proxy does it.",
    )
    and PRODUCTION
)
# These answer by themselves that HTTPS is needed: their apps do not follow a redirect.
SECURE_REDIRECT_EXEMPT = [r"^services/", r"^user/[^/]+/json"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
BEHIND_PROXY = env.flag(
    "BEHIND_PROXY",
    default=False,
    help="Trust X-Forwarded-Proto and the last X-Forwarded-For of the proxy in front, which must set both.",
)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Logging ---------------------------------------------------------------------------------

LOG_LEVEL = env.choice(
    "LOG_LEVEL",
    default="INFO",
    among=("DEBUG", "INFO", "WARNING", "ERROR"),
    help="Least severe log line written.",
)
LOG_FORMAT = env.choice(
    "LOG_FORMAT",
    default="json" if PRODUCTION else "line",
    among=("line", "json"),
    help="Log lines for people, or one JSON object on each line for collectors of logs (in production).",
)
LOG_REQUESTS = env.flag(
    "LOG_REQUESTS", default=True, help="Write a line for each request: route, status, time."
)
LOGGING = logs.configuration(form=LOG_FORMAT, level=LOG_LEVEL)

# --- Seen from outside ------------------------------------------------------------------------

METRICS_TOKEN = env.secret(
    "METRICS_TOKEN",
    least=16,
    help="Bearer token of Prometheus for /metrics; in production needed there, unless METRICS_PORT is set.",
)
METRICS_PORT = env.number(
    "METRICS_PORT",
    default=0,
    most=65535,
    help="A further port that gunicorn listens on, inside only: /metrics needs no token there; 0: none.",
)

# --- Listening (the Procfile's web process) ----------------------------------------------------

PORT = env.number("PORT", default=8000, least=1, most=65535, help="Where `make run` listens.")
STREAMS_PORT = env.number(
    "STREAMS_PORT", default=8001, least=1, most=65535, help="Where the Procfile's streams process listens."
)
BIND_ADDRESS = env.text(
    "BIND_ADDRESS",
    default="127.0.0.1",
    pattern=r"[0-9a-fA-F.:]+",
    help="On which address `make run` listens.",
)

env.refuse_unknown()
