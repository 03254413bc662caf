"""Every knob, once. An empty environment gives a working installation on one machine.

A value comes from the environment, else from the default beside it. All data
lives under `DATA_DIR`: two folders are two installations.
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ

from jobs.engines.base import MAX_RUN_SECONDS
from lipsync_site.bucket import bucket_url
from lipsync_site.secrets import kept_secret

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / "data"))).resolve()
VERSION = "0.1.0"

# --- Where it is reached -----------------------------------------------------------
HOST = env.str("HOST", "127.0.0.1")  # the address to listen on; 0.0.0.0 is every one
PORT = env.int("PORT", 8000)
# Links in API answers, webhooks and mails begin with this.
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", f"http://localhost:{PORT}").rstrip("/")
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", urlsplit(PUBLIC_BASE_URL).hostname or "localhost"]
)
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]
HTTPS = PUBLIC_BASE_URL.startswith("https://")

# --- Secrets -----------------------------------------------------------------------
SECRET_KEY = env.str("SECRET_KEY", "") or kept_secret(DATA_DIR / "secrets", "secret_key")

# --- Guards ------------------------------------------------------------------------
# Let media and webhook addresses be on this machine or the local network: for
# installations at home and for tests, never for a public service.
ALLOW_PRIVATE_NETWORK = env.bool("ALLOW_PRIVATE_NETWORK", DEBUG)
# A file with further certificate authorities to trust when fetching and delivering.
OUTGOING_CA_FILE = env.str("OUTGOING_CA_FILE", "")
# Make it fatal when the host can not give every layer of the media sandbox.
SANDBOX_REQUIRED = env.bool("SANDBOX_REQUIRED", False)

# --- Limits on what people send ------------------------------------------------------
MAX_MEDIA_BYTES = env.int("MAX_MEDIA_BYTES", 500_000_000)
FETCH_SECONDS = env.int("FETCH_SECONDS", 20)  # for one media address at submission, in all
UPLOAD_TICKET_SECONDS = env.int("UPLOAD_TICKET_SECONDS", 3600)
MAX_WAITING_UPLOADS = env.int("MAX_WAITING_UPLOADS", 200)  # of one account, sent ahead and not used yet
# Longer than the last attempt of a webhook, which carries such a link.
MEDIA_LINK_SECONDS = env.int("MEDIA_LINK_SECONDS", 7 * 86_400)

# --- Limits of an API key --------------------------------------------------------------
RATE_LIMITS = {  # a minute
    "submissions": env.int("MAX_SUBMISSIONS_A_MINUTE", 60),
    "requests": env.int("MAX_REQUESTS_A_MINUTE", 600),
}
MAX_OPEN_JOBS = env.int("MAX_OPEN_JOBS", 100)  # unfinished jobs of one key

# --- Limits of a person ----------------------------------------------------------------
MAX_LOOKS_A_MINUTE = env.int("MAX_LOOKS_A_MINUTE", 30)  # for faces in a picture, before it is submitted

# --- Credits -------------------------------------------------------------------------
GRANT_USER_CREDITS = env.int("GRANT_USER_CREDITS", 500)  # to each new account's browser wallet
GRANT_API_CREDITS = env.int("GRANT_API_CREDITS", 500)  # and to its API wallet

# --- Jobs ----------------------------------------------------------------------------
# The engines, the preferred one first: a job goes to the next when one is out of order. For a kind of its own: another.
ENGINE = env.list("ENGINE", default=["local"])
ENGINES = {
    "lipsync-image": env.list("ENGINE_IMAGE", default=ENGINE),
    "lipsync-video": env.list("ENGINE_VIDEO", default=ENGINE),
    "lipsync-image-multi": env.list("ENGINE_MULTI", default=ENGINE),
}
ENGINE_OPTIONS = {
    # A render node: another installation, up to …/api/v1, and a key of an account there with credits.
    "upstream": {
        "url": env.str("UPSTREAM_URL", ""),
        "key": env.str("UPSTREAM_KEY", ""),
        # Of that account's webhooks page: without it callbacks are taken as mere hints.
        "webhook_secret": env.str("UPSTREAM_WEBHOOK_SECRET", ""),
        # Where its results are, if that is elsewhere on the own network, such as a bucket.
        "media_host": env.str("UPSTREAM_MEDIA_HOST", ""),
    },
    "wavespeed": {
        "key": env.str("WAVESPEED_KEY", ""),
        "url": env.str("WAVESPEED_URL", "https://api.wavespeed.ai/api/v3"),
    },
    "fal": {
        "key": env.str("FAL_KEY", ""),
        "url": env.str("FAL_URL", "https://queue.fal.run"),
        "keys_url": env.str("FAL_KEYS_URL", "https://rest.fal.ai/.well-known"),
    },
}
REMOTE = sorted({name for names in ENGINES.values() for name in names} - {"local"})
# Where engines elsewhere may call back; empty if they can not reach us: then they are only asked.
CALLBACK_BASE_URL = env.str("CALLBACK_BASE_URL", PUBLIC_BASE_URL if HTTPS else "").rstrip("/")
MAX_JOBS_AWAY = env.int("MAX_JOBS_AWAY", 20)  # at one engine at once
SILENCE_SECONDS = env.int("SILENCE_SECONDS", 600)  # without a usable answer, then a job that is away is lost
WAIT_SECONDS = env.int("WAIT_SECONDS", 6 * 3600)  # for an engine that is out of order
LEASE_SECONDS = env.int("LEASE_SECONDS", 30)  # a running job unheard of for so long is taken back
MAX_ATTEMPTS = env.int("MAX_ATTEMPTS", 3)
EXAMPLES = env.bool("EXAMPLES", True)  # make one of each kind for the home page
RENDER_WORKERS = env.int("RENDER_WORKERS", 1)
TASK_WORKERS = env.int("TASK_WORKERS", 2)  # webhooks and other short tasks
REMOTE_WORKERS = env.int("REMOTE_WORKERS", 4)  # calls to engines on other machines
WEB_THREADS = env.int("WEB_THREADS", 16)

# --- Django --------------------------------------------------------------------------
INSTALLED_APPS = [
    "jobs.apps.JobsConfig",
    "lipsync_site.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "lipsync_site.apps.StaticConfig",
    "django.contrib.humanize",
    "django_htmx",
    "django_q",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
]
MIDDLEWARE = [
    "jobs.web.middleware.request_id",
    "jobs.api.headers.rate_limits",
    "jobs.api.errors.errors_in_our_form",
    "jobs.api.repeats.once_for_each_key",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "jobs.admin.language.in_english",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "jobs.web.sessions.last_seen",
    "django_htmx.middleware.HtmxMiddleware",
    "jobs.web.errors.with_a_page_for_405",
]
ROOT_URLCONF = "lipsync_site.urls"
WSGI_APPLICATION = "lipsync_site.wsgi.application"
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
                "django.template.context_processors.i18n",
                "jobs.web.context.site",
            ],
        },
    }
]

# --- Database ------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'mundwerk.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE and WAL: writers wait for each other instead of failing; readers never wait.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": DATA_DIR / "cache"},
}

# --- The queue: at-least-once kicks, the story of a job is in its row ------------------
# A kick that was taken and lost is not repeated by the queue: the sweep does that.
Q_CLUSTER = {
    "name": "default",
    "orm": "default",
    "workers": TASK_WORKERS,
    "timeout": 120,
    "retry": 600,
    "queue_limit": 1,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "recycle": 500,
    "catch_up": False,
    "poll": 0.2,
    "label": "Queue",
    "log_level": "WARNING",
    "ALT_CLUSTERS": {
        "render": {
            "workers": RENDER_WORKERS,
            "timeout": MAX_RUN_SECONDS + 60,
            "retry": 3 * (MAX_RUN_SECONDS + 60) + 60,
        },
        # Sends files there and brings videos home; only where there is such an engine.
        **({"remote": {"workers": REMOTE_WORKERS, "timeout": 1800, "retry": 3 * 1800 + 60}} if REMOTE else {}),
    },
}

# --- Media: private; files are handed out by signed links -------------------------------
MEDIA = env.str("MEDIA", "disk")  # or "s3": a bucket, see docs/operating.md
S3_BUCKET = env.str("S3_BUCKET", "")
S3_ACCESS_KEY = env.str("S3_ACCESS_KEY", "")
S3_SECRET_KEY = env.str("S3_SECRET_KEY", "")
S3_REGION = env.str("S3_REGION", "us-east-1")
S3_ENDPOINT = env.str("S3_ENDPOINT", "").rstrip("/")  # empty: Amazon's
S3_PUBLIC_ENDPOINT = env.str("S3_PUBLIC_ENDPOINT", S3_ENDPOINT).rstrip("/")  # as browsers reach it, if not so
# How a bucket is named in an address: before the host ("virtual") or after it ("path").
S3_ADDRESSING = env.str("S3_ADDRESSING", "path" if S3_ENDPOINT else "virtual")
S3_BUCKET_URL = bucket_url(S3_PUBLIC_ENDPOINT, S3_REGION, S3_BUCKET, S3_ADDRESSING)
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media", "base_url": None},
    },
    "staticfiles": {"BACKEND": "lipsync_site.static.Hashed"},
}
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000  # a JSON body or form fields; files are streamed
DATA_UPLOAD_MAX_NUMBER_FILES = 410  # a hundred times a picture, its mask and two voices, and the table that names them
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- Accounts ------------------------------------------------------------------------
AUTH_USER_MODEL = "jobs.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = env.str("EMAIL_VERIFICATION", "optional")  # or "mandatory", "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/15m/key"}  # wrong passwords: from an address, for an account
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_NOTIFICATIONS = True  # of what changes the way in: password, addresses, two-factor
ACCOUNT_ADAPTER = "jobs.web.adapters.Accounts"
MFA_ADAPTER = "jobs.web.adapters.TwoFactor"
MFA_TOTP_ISSUER = "Mundwerk"
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute off
# A stranger who signed up with somebody's address must not lock them out of it for good.
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION == "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Mundwerk: "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "studio"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
# Without EMAIL_URL (smtp://user:password@host:port) mails are printed.
vars().update(env.email_url("EMAIL_URL", "consolemail://"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Mundwerk <mundwerk@localhost>")

# --- Browser security ------------------------------------------------------------------
MEDIA_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(S3_BUCKET_URL))] if MEDIA == "s3" else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:", *MEDIA_ORIGINS],
        "media-src": ["'self'", "blob:", *MEDIA_ORIGINS],
        "connect-src": ["'self'", *MEDIA_ORIGINS],
        "form-action": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Two installations on one machine differ in their port, which cookies do not see.
SESSION_COOKIE_NAME = f"mundwerk_session_{PORT}"
CSRF_COOKIE_NAME = f"mundwerk_csrf_{PORT}"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Whose address counts: the one that our proxy saw, never one that a client wrote into the header itself.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0

# --- Language and time ---------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TZ", "UTC")

# --- Logs ------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "jobs.web.middleware.WithRequestId"}},
    "formatters": {"line": {"format": "{asctime} {levelname:<7} {name}: {message}{request_id}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "jobs": {"level": env.str("LOG_LEVEL", "INFO")},
        "django.request": {"level": "ERROR"},
        "django-q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
    },
}
