"""The WSGI entry, for the web server."""

import os

from django.core.wsgi import get_wsgi_application

from jobs.process.layers import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lipsync_site.settings")
if os.environ.get("MUNDWERK_SERVICE"):
    # The web server's own children would outlive it if it were killed, and keep the port.
    die_with_parent()
application = get_wsgi_application()
