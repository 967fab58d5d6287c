"""OpenStack in our words; the only package that knows its clients.

Importing it is cheap: keystoneauth, openstacksdk and the HTTP client are
imported when a cloud is opened.
"""

from doctor_core.cloud.client import Cloud
from doctor_core.cloud.tokens import TokenInfo

__all__ = ['Cloud', 'TokenInfo']
