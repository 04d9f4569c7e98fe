"""The WSGI application; it refuses to serve what `manage.py check` would reject."""

import gc
import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
call_command("check", databases=["default"])

# All that is loaded by now stays: without this, each full collection of a worker looks at it again for about 100 ms.
gc.collect()
gc.freeze()
