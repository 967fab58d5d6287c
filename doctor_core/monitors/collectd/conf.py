"""The configuration of a collectd that watches for Doctor.

Its options are those of collectd.conf(5) of collectd 5.12, and those of
:mod:`doctor_core.monitors.collectd.doctor_notify`.
"""

import dataclasses
from collections.abc import Iterable, Mapping

from doctor_core.exceptions import ConfigError
from doctor_core.model import Host

PLUGIN = 'doctor_notify'


@dataclasses.dataclass(frozen=True)
class Watch:
    """What one collectd watches, and whom it tells.

    :ivar hostname: the machine's name, as Nova has it.
    :ivar folder: where everything of this collectd is, on the machine.
    :ivar url: where events are posted, as seen from the machine.
    :ivar cafile: whom to trust with HTTPS, on the machine.
    :ivar interfaces: links without which the host counts as down.
    :ivar link_plugin: what watches them: ``connectivity`` or
        ``ovs_events``.
    :ivar neighbours: addresses to ping, and whose they are.
    :ivar ping_interval_s: seconds between two pings.
    :ivar ping_misses: how many in a row mean that a neighbour is down.
    :ivar settle_s: seconds for which that has to last.
    :ivar plugins: further plugins whose notifications are about this host.
    :ivar includes: files with their configuration, on the machine.
    """

    hostname: str
    folder: str
    url: str
    cafile: str = ''
    interfaces: tuple[str, ...] = ()
    link_plugin: str = 'connectivity'
    neighbours: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ping_interval_s: float = 0.1
    ping_misses: int = 3
    settle_s: float = 1.0
    plugins: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()


def ring(hosts: Mapping[str, Host], neighbours: int
         ) -> dict[str, dict[str, str]]:
    """Whom each host pings, their names by their addresses: the hosts form a
    ring, and each pings those that follow it.
    """
    names = sorted(hosts)
    return {name: {
        hosts[other].address: other for other in
        (names[index + 1:] + names[:index])[:neighbours]}
        for index, name in enumerate(names)}


def render(watch: Watch) -> str:
    """The text of its ``collectd.conf``.

    :raises ConfigError: a value that no collectd.conf can hold.
    """
    folder = watch.folder
    lines = [
        '# Written by Doctor; put aside and restored when it ends.',
        f'Hostname {_quoted(watch.hostname)}',
        'FQDNLookup false',
        f'BaseDir {_quoted(folder)}',
        f'PIDFile {_quoted(f"{folder}/collectd.pid")}',
        'Interval 1',
        # Not logfile, which writes down every notification.
        'LoadPlugin syslog',
        *_block('Plugin syslog', ['LogLevel info']),
        *_block('LoadPlugin python', ['Globals true']),
        *_block('Plugin python', [
            f'ModulePath {_quoted(folder)}',
            'LogTraces true', 'Interactive false',
            f'Import {_quoted(PLUGIN)}',
            *_block(f'Module {PLUGIN}', _module(watch))]),
        *_links(watch), *_pings(watch),
        *(f'Include {_quoted(path)}' for path in watch.includes)]
    return '\n'.join(lines) + '\n'


def _module(watch: Watch) -> list[str]:
    lines = [f'URL {_quoted(watch.url)}',
             f'StateFile {_quoted(f"{watch.folder}/state.json")}',
             f'ReadyFile {_quoted(f"{watch.folder}/ready")}',
             f'MonitorId {_quoted(watch.hostname)}',
             f'SettleSeconds {watch.settle_s:g}']
    if watch.cafile:
        lines.append(f'CAFile {_quoted(watch.cafile)}')
    for interface in watch.interfaces:
        # Open vSwitch's plugin never says more than WARNING of a lost link.
        lines += _match(watch.hostname, Plugin=watch.link_plugin,
                        PluginInstance=interface,
                        Warning='down' if watch.link_plugin == 'ovs_events'
                        else 'ignore')
    for address, hostname in watch.neighbours.items():
        lines += _match(hostname, Plugin='ping', Type='ping_droprate',
                        TypeInstance=address, Seen='from elsewhere')
    for plugin in watch.plugins:
        lines += _match(watch.hostname, Plugin=plugin)
    return lines


def _match(hostname: str, **options: str) -> list[str]:
    return _block('Match', [f'Host {_quoted(hostname)}', *(
        f'{name} {_quoted(value)}' for name, value in options.items())])


def _links(watch: Watch) -> list[str]:
    if not watch.interfaces:
        return []
    names = [_quoted(name) for name in watch.interfaces]
    if watch.link_plugin == 'ovs_events':
        options = ['SendNotification true', 'DispatchValues false',
                   f'Interfaces {" ".join(names)}']
    else:
        options = [f'Interface {name}' for name in names]
    return [f'LoadPlugin {watch.link_plugin}',
            *_block(f'Plugin {watch.link_plugin}', options)]


def _pings(watch: Watch) -> list[str]:
    if not watch.neighbours:
        return []
    interval = f'Interval {watch.ping_interval_s:g}'
    return [
        *_block('LoadPlugin ping', [interval]),
        *_block('Plugin ping', [
            interval, f'Timeout {watch.ping_interval_s * 0.9:g}',
            *(f'Host {_quoted(address)}' for address in watch.neighbours)]),
        'LoadPlugin threshold',
        *_block('Plugin threshold', _block('Plugin "ping"', _block(
            'Type "ping_droprate"', [
                'FailureMax 0.5', f'Hits {watch.ping_misses}',
                # After a restart it would not say that all is well again.
                'PersistOK true'])))]


def _block(name: str, lines: Iterable[str]) -> list[str]:
    return [f'<{name}>', *(f'  {line}' for line in lines),
            f'</{name.partition(" ")[0]}>']


def _quoted(value: str) -> str:
    if any(ord(letter) < 32 for letter in value):
        raise ConfigError(f'{value!r} cannot stand in a configuration of '
                          'collectd.')
    escaped = value.replace('\\', '\\\\').replace('"', '\\"')
    return f'"{escaped}"'
