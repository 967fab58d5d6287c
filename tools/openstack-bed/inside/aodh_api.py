"""Aodh's API with a configuration that is not in the default place.

Run by gunicorn in Aodh's own virtual environment.
"""

import os

from aodh.api import app

application = app.build_wsgi_app(
    argv=['--config-file', os.environ['AODH_CONFIG_FILE']])
