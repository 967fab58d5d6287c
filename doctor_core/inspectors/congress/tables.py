"""The tables of Congress that Doctor reads, and the one that it writes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from doctor_core.cloud.refusals import Gone
from doctor_core.cloud.rest import Service
from doctor_core.exceptions import CloudError
from doctor_core.inspectors.congress import policy

SOURCES = '/v1/data-sources'
POLICY = '/v1/policies/classification'
_DOCTOR = f'{SOURCES}/doctor'
_ROWS = f'{_DOCTOR}/tables/events/rows'
_HOST_DOWN = f'{POLICY}/tables/host_down/rows'


class Tables:
    """Each method blocks on Congress, and raises BackendError.

    Congress itself answers 404 of rows that it has: after its start, until
    the driver of the data source runs, or until the policy has its rules.
    Whoever took such a table for empty would write over the rows of all
    hosts that are down, and leave a row of a host that is back. So a table
    is empty only if Congress's lists say so.

    :param timeout_s: seconds that an answer may take while hosts are lost or
        come back.
    """

    def __init__(self, service: Service, timeout_s: float) -> None:
        self._service = service
        self._timeout_s = timeout_s

    def find_source(self, name: str, *, timeout_s: float | None = None
                    ) -> Mapping[str, Any] | None:
        """A data source; None when Congress has none of the name."""
        found = self._service.send('GET', SOURCES, timeout_s=timeout_s)
        return next((one for one in found['results'] if one['name'] == name),
                    None)

    def events(self) -> list[policy.Row]:
        """All rows of the table of events."""
        try:
            return self._events()
        except Gone:
            with _doubted():
                if self.find_source(
                        'doctor', timeout_s=self._timeout_s) is None:
                    return []
                # That is the driver's answer: it runs by now. One that keeps
                # its rows for the next start has no table before the first.
                self._tables_of(_DOCTOR)
        try:
            return self._events()
        except Gone:
            return []

    def replace_events(self, rows: Sequence[policy.Row]) -> None:
        """Have these rows in the table of events, and no other."""
        self._service.send('PUT', _ROWS, list(rows),
                           timeout_s=self._timeout_s)

    def is_down(self, host: str) -> bool:
        """Whether the policy has host_down of the host."""
        try:
            return any(host in one['data']
                       for one in self._results(_HOST_DOWN))
        except Gone as error:
            with _doubted():
                if 'host_down' not in self._tables_of(POLICY):
                    return False
                raise CloudError(f'Congress has the table, and says {error}'
                                 ) from error

    def _events(self) -> list[policy.Row]:
        return [policy.read_row(one['data'])
                for one in self._results(_ROWS)]

    def _tables_of(self, owner: str) -> Collection[str]:
        return {one['id'] for one in self._results(f'{owner}/tables')}

    def _results(self, path: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._service.send(
            'GET', path, timeout_s=self._timeout_s)['results']
        return found


@contextmanager
def _doubted() -> Iterator[None]:
    """What is asked inside tells whether a table is there.

    :raises CloudError: recoverable: it is not known.
    """
    try:
        yield
    except CloudError as error:
        raise CloudError('Congress does not show a table, and it is not known '
                         f'whether it has it: {error}', recoverable=True
                         ) from error
