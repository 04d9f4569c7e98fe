"""The portal's settings, as tests want them: plain HTTP, quick passwords, static files straight from the checkout."""

import os

os.environ["PORTAL_MODE"] = "quickstart"

from portal.settings import *  # noqa: F403 - the mode must be known before

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # nothing is collected for tests
# Keys are the same again in the next test.
CACHES["memory"] = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}  # noqa: F405
