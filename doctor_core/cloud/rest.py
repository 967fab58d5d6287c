"""Any request to any service, as oneself or in another project."""

import dataclasses
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from doctor_core.cloud import access, endpoints, refusals
from doctor_core.exceptions import CloudError

#: What services hand out at a time; they cap it as they are configured.
_PAGE = 1000
#: Pages after which a service is thought to repeat itself.
_MOST_PAGES = 10000


class Rest:
    """The services of a catalogue.

    :param opened: the credentials.
    """

    def __init__(self, opened: access.Access) -> None:
        self._access = opened
        self._lock = threading.Lock()
        self._projects: dict[str, access.Access] = {}

    def get(self, service_type: str, path: str, *,
            project_id: str | None = None) -> Any:
        """GET; see :meth:`send`."""
        return self.send('GET', service_type, path, project_id=project_id)

    def post(self, service_type: str, path: str, body: Any = None, *,
             project_id: str | None = None) -> Any:
        """POST; see :meth:`send`."""
        return self.send('POST', service_type, path, body,
                         project_id=project_id)

    def put(self, service_type: str, path: str, body: Any = None, *,
            project_id: str | None = None) -> Any:
        """PUT; see :meth:`send`."""
        return self.send('PUT', service_type, path, body,
                         project_id=project_id)

    def delete(self, service_type: str, path: str, *,
               project_id: str | None = None) -> Any:
        """DELETE; see :meth:`send`."""
        return self.send('DELETE', service_type, path, project_id=project_id)

    def send(self, method: str, service_type: str, path: str,
             body: Any = None, *, project_id: str | None = None,
             headers: Mapping[str, str] | None = None, endpoint: str = '',
             timeout_s: float | None = None) -> Any:
        """Ask a service of the catalogue.

        :param service_type: as in the service types authority: compute,
            network, identity, image, alarm, ...
        :param path: relative to the service's API version (``/servers``),
            or with a version of its own (``/v2/alarms``).
        :param body: sent as JSON; bytes as they are; None for none.
        :param project_id: act in this project instead of one's own.
        :param headers: besides token and microversion.
        :param endpoint: where the service is; empty for what the catalogue
            says.
        :param timeout_s: seconds for the answer, if not as long as usual.
        :returns: the decoded JSON; None when there is none.
        :raises CloudError: the service refused, or did not answer.
        """
        request = f'{method} {service_type} {path.partition("?")[0]}'
        used = self._access_to(project_id)
        url = endpoints.url(
            service_type, endpoint or used.endpoint(service_type), path)
        sent: dict[str, Any] = {
            'data' if isinstance(body, bytes) else 'json': body}
        if timeout_s is not None:
            sent['timeout'] = timeout_s
        with refusals.translated(request):
            reply = used.session.request(
                url, method, authenticated=True, raise_exc=False, log=False,
                headers={'Accept': 'application/json',
                         **endpoints.headers(service_type),
                         **(headers or {})},
                # A kept connection may have been closed by the other side.
                connect_retries=int(method == 'GET'), **sent)
        if reply.status_code >= 400:
            raise refusals.refused(request, reply.status_code, reply.content)
        if not reply.content:
            return None
        try:
            return reply.json()
        except ValueError:
            raise CloudError(f'{request}: the answer is not JSON',
                             status=reply.status_code) from None

    def service(self, service_type: str, endpoint: str = '') -> 'Service':
        """One service of the catalogue, or of an endpoint."""
        return Service(self, service_type, endpoint)

    def _access_to(self, project_id: str | None) -> access.Access:
        """Who to be: oneself, or oneself in another project."""
        if project_id is None \
                or project_id == self._access.token().project_id:
            return self._access
        with self._lock:
            known = self._projects.get(project_id)
        if known is not None and known.is_fresh():
            return known
        scoped = self._access.in_project(project_id)
        with self._lock:
            self._projects[project_id] = scoped
        return scoped

    def listing(self, service_type: str, path: str, key: str,
                query: Sequence[tuple[str, str]] = (), *,
                project_id: str | None = None
                ) -> Iterator[Mapping[str, Any]]:
        """Every record of a listing; pages are asked for as they are read.

        :param key: the member of the answer that holds the records.
        :param query: parameters of the request, as (name, value).
        """
        asked = [*query, ('limit', str(_PAGE))]
        marker: list[tuple[str, str]] = []
        for _page in range(_MOST_PAGES):
            answer = self.get(service_type,
                              f'{path}?{urlencode(asked + marker)}',
                              project_id=project_id)
            records = answer[key]
            yield from records
            # The link itself may name an address that only proxies know.
            more = any(link.get('rel') == 'next'
                       for link in answer.get(f'{key}_links') or ())
            if not more or not records:
                return
            marker = [('marker', str(records[-1]['id']))]
        raise CloudError(f'GET {service_type} {path}: the pages do not end')


@dataclasses.dataclass(frozen=True)
class Service:
    """One service of a cloud.

    :ivar endpoint: where it is; empty for what the catalogue says.
    """

    cloud: Rest
    service_type: str
    endpoint: str = ''

    def send(self, method: str, path: str, body: Any = None, *,
             timeout_s: float | None = None) -> Any:
        """Ask it; as :meth:`Rest.send`."""
        return self.cloud.send(method, self.service_type, path, body,
                               endpoint=self.endpoint, timeout_s=timeout_s)
