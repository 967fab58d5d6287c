"""Vitrage's API, for gunicorn in its own virtual environment.

Its own command starts a server for tests, of one request at a time.
"""

import os

from vitrage.api import app
from vitrage.common import config

config.parse_config(['vitrage-api', '--config-file',
                     os.environ['VITRAGE_CONFIG_FILE']])
application = app.load_app()
