"""Where a service's requests go: catalogue entry and path to URL."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

#: The API versions that Doctor speaks, by service type.
VERSIONS: Mapping[str, str] = {
    'alarm': '/v2',
    'compute': '/v2.1',
    'identity': '/v3',
    'image': '/v2',
    'network': '/v2.0',
}
#: Names under which catalogues also know a service.
ALIASES: Mapping[str, str] = {'alarming': 'alarm'}

#: Flavor embedded in a server is 2.47, services by UUID 2.53, a server
#: booted on a named host 2.74. Train (up to 2.79) and every release since
#: takes 2.74, so that no release is asked for more than Doctor needs.
COMPUTE_MICROVERSION = '2.74'

_VERSION = re.compile(r'/v\d+(\.\d+)?(?=/|$)')


def official(service_type: str) -> str:
    """The service type as the service types authority writes it."""
    return ALIASES.get(service_type, service_type)


def url(service_type: str, endpoint: str, path: str) -> str:
    """The URL of a request.

    :param endpoint: as catalogues have it: with a version, without one, or
        with a project's id behind the version; a deployment is free in that.
    :param path: begins with ``/``; relative to the service's API version,
        unless it begins with a version itself.
    """
    place = urlsplit(endpoint)
    prefix = place.path.rstrip('/')
    versions = [match.start() for match in _VERSION.finditer(prefix)]
    if versions:
        prefix = prefix[:versions[-1]]
    if not _VERSION.match(path):
        prefix += VERSIONS.get(official(service_type), '')
    return f'{place.scheme}://{place.netloc}{prefix}{path}'


def headers(service_type: str, microversion: str = COMPUTE_MICROVERSION
            ) -> dict[str, str]:
    """What every request to a service carries besides the token.

    :param microversion: of Nova's API, for what is not in the usual one.
    """
    if official(service_type) == 'compute':
        return {'OpenStack-API-Version': f'compute {microversion}'}
    return {}
