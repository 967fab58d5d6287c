"""What Congress is told: rows of its table of events, and rules; pure.

The table belongs to Congress's data source ``doctor``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from doctor_core import wire

#: The columns of the table of events, in the order in which rows are read.
COLUMNS = ('time', 'type', 'hostname', 'status', 'monitor',
           'monitor_event_id')
#: Nova's API that Congress asks by: force-down is 2.11, and from 2.53 on it
#: takes other arguments than the rule has.
_OLDEST, _NEWEST = (2, 11), (2, 52)
API_VERSION = '2.34'
#: What Congress 11.0 asks by when its data source does not say.
DEFAULT_API_VERSION = '2.26'

#: By name; ``doctor:`` and ``nova:`` are the data sources.
RULES: Mapping[str, str] = {
    'host_down':
        'host_down(host) :- doctor:events(hostname=host, '
        f'type="{wire.HOST_DOWN}", status="down")',
    'active_instance_in_host':
        'active_instance_in_host(vmid, host) :- nova:servers(id=vmid, '
        'host_name=host, status="ACTIVE")',
    'host_force_down':
        'execute[nova:services.force_down(host, "nova-compute", "True")] :- '
        'host_down(host)',
    'error_vm_states':
        'execute[nova:servers.reset_state(vmid, "error")] :- '
        'host_down(host), active_instance_in_host(vmid, host)',
}

Row = Mapping[str, Any]


def row(host: str, at: float) -> Row:
    """What the table of events is to have of a host that is down.

    :param at: seconds since the epoch.
    """
    return {'time': wire.iso(at, zone=True), 'type': wire.HOST_DOWN,
            'details': {'hostname': host, 'status': 'down',
                        'monitor': 'doctor', 'monitor_event_id': host}}


def read_row(data: Sequence[Any]) -> Row:
    """A row as it has to be written to stay as it is."""
    values = {name: value for name, value in zip(COLUMNS, data, strict=False)
              if value not in (None, 'None')}
    return {'time': values.pop('time', ''), 'type': values.pop('type', ''),
            'details': values}


def is_down_row(one: Row, host: str) -> bool:
    """Whether a row says that this host is down."""
    return one['type'] == wire.HOST_DOWN \
        and one['details'].get('hostname') == host \
        and one['details'].get('status') == 'down'


def wrong_api_version(version: str) -> str:
    """Why Congress cannot force a host down by this version of Nova's API;
    empty when it can.
    """
    match = re.fullmatch(r'(\d+)\.(\d+)', version)
    number = (int(match[1]), int(match[2])) if match else (0, 0)
    if _OLDEST <= number <= _NEWEST:
        return ''
    why = 'knows no force-down' if number < _OLDEST \
        else 'takes other arguments for a force-down'
    return (f'Congress\'s data source nova asks by Nova\'s API {version}, '
            f'which {why}: give it an api_version of '
            f'{_OLDEST[0]}.{_OLDEST[1]} to {_NEWEST[0]}.{_NEWEST[1]}, such '
            f'as {API_VERSION}.')


def trouble(status: Mapping[str, Any]) -> str:
    """The last error of a data source; Congress writes None as a word."""
    error = str(status.get('last_error') or '')
    return '' if error == 'None' else ' '.join(error.split())


def updates(status: Mapping[str, Any]) -> int:
    """How often a data source has looked."""
    return int(status.get('number_of_updates') or 0)
