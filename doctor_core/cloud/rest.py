"""Any request to any service, as oneself or in another project."""

import concurrent.futures
import dataclasses
import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from doctor_core import background
from doctor_core.cloud import access, endpoints, refusals
from doctor_core.cloud.contact import Contact
from doctor_core.exceptions import CloudError

#: What services hand out at a time; they cap it as they are configured.
_PAGE = 1000


class Rest:
    """The services of a catalogue.

    :param opened: the credentials.
    """

    def __init__(self, opened: access.Access) -> None:
        self._access = opened
        self._lock = threading.Lock()
        self._projects: dict[str, access.Access] = {}
        #: Done when nobody waits for answers any more.
        self._ended: concurrent.futures.Future[None] = \
            concurrent.futures.Future()

    def abandon(self) -> None:
        """End the waiting for what is under way: who waits gets a
        CloudError. What is asked from now on is waited for again.
        """
        with self._lock:
            ended, self._ended = self._ended, concurrent.futures.Future()
        ended.set_result(None)

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
        :raises CloudError: the service refused, or did not answer; or
            nobody waits for it any more.
        """
        request = f'{method} {service_type} {path.partition("?")[0]}'
        return self._waited_for(request, functools.partial(
            self._send, request, method, service_type, path, body,
            project_id=project_id, headers=headers, endpoint=endpoint,
            timeout_s=timeout_s))

    def _waited_for(self, request: str, work: Callable[[], Any]) -> Any:
        """An answer, unless we end before it comes: then the thread that
        asks is left alone, for the HTTP library cannot be interrupted.
        """
        with self._lock:
            ended = self._ended
        answer = background.begin(work, 'cloud-request')
        concurrent.futures.wait(
            (answer, ended),
            return_when=concurrent.futures.FIRST_COMPLETED)
        if not answer.done():
            raise CloudError(f'{request}: the cloud was closed before there '
                             'was an answer', recoverable=True)
        return answer.result()

    def _send(self, request: str, method: str, service_type: str, path: str,
              body: Any, *, project_id: str | None,
              headers: Mapping[str, str] | None, endpoint: str,
              timeout_s: float | None) -> Any:
        used = self._access_to(project_id)
        url = endpoints.url(
            service_type, endpoint or used.endpoint(service_type), path)
        sent: dict[str, Any] = {
            'data' if isinstance(body, bytes) else 'json': body}
        if timeout_s is not None:
            sent['timeout'] = timeout_s
        contacts = used.contacts
        try:
            with refusals.translated(request, service_type):
                reply = used.session.request(
                    url, method, authenticated=True, raise_exc=False,
                    log=False, headers={
                        'Accept': 'application/json',
                        **endpoints.headers(service_type), **(headers or {})},
                    # A kept connection may have been closed meanwhile.
                    connect_retries=int(method == 'GET'),
                    # What changes something is for whom it is meant only.
                    redirect=None if method == 'GET' else False, **sent)
        except CloudError as error:
            contacts.note(service_type, error.status)
            raise
        contacts.note(service_type, reply.status_code)
        return _read(request, service_type, reply)

    def contacts(self) -> dict[str, Contact]:
        """Which services answered when they were asked last, by type; asks
        nobody, and never blocks.
        """
        return self._access.contacts.seen()

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
        :raises CloudError: a page is missing, or is none of a listing; what
            was read before is not the whole.
        """
        request = f'GET {service_type} {path}'
        asked = [*query, ('limit', str(_PAGE))]
        markers: dict[str, None] = {}
        while True:
            marker = [('marker', last) for last in list(markers)[-1:]]
            answer = self.get(service_type,
                              f'{path}?{urlencode(asked + marker)}',
                              project_id=project_id)
            with refusals.understood(request):
                records = [_record(record) for record in answer[key]]
                # The link may name an address that only proxies know.
                more = any(link['rel'] == 'next'
                           for link in answer.get(f'{key}_links') or ())
            yield from records
            if not more:
                return
            last = str(records[-1].get('id') or '') if records else ''
            if not last or last in markers:
                raise CloudError(
                    f'{request}: there is more after {last or "nothing"}, '
                    'but no way to ask for it', recoverable=True)
            markers[last] = None


def _read(request: str, service_type: str, reply: Any) -> Any:
    """An answer's JSON; None where there is none and need not be."""
    status = reply.status_code
    if status >= 400:
        raise refusals.refused(request, status, reply.content,
                               service_type=service_type)
    if status >= 300:
        raise refusals.redirected(request, service_type, status,
                                  reply.headers.get('Location', ''))
    if not reply.content and not request.startswith('GET '):
        return None
    try:
        return reply.json()
    except (ValueError, RecursionError):
        raise refusals.between(request, service_type, status,
                               'the answer is not JSON') from None


def _record(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError('a record is no object')
    return value


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
