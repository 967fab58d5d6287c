"""What a node has to run, and what of it Doctor changes: asked of the node
itself.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from doctor_core.exceptions import BackendError
from doctor_core.installers import bus_url
from doctor_core.installers.layout import Layout, Service
from doctor_core.model import Node
from doctor_core.runner import Runner

LOG = logging.getLogger(__name__)

#: Which services read each file; a node has the files of those that it runs.
READERS: Mapping[str, tuple[str, ...]] = {
    'nova.conf': ('nova-api', 'nova-conductor', 'nova-scheduler'),
    # What nova-compute does to a server, its cell's conductor tells.
    'nova-cell.conf': ('nova-cell-conductor',),
    'nova-compute.conf': ('nova-compute',),
    'nova-policy.yaml': ('nova-api',),
    'neutron-ml2.conf': ('neutron-api', 'neutron-rpc-server',
                         'neutron-server'),
    'event_pipeline.yaml': ('ceilometer-notification',),
    'ceilometer-shipped/event_pipeline.yaml': ('ceilometer-notification',),
    'event_definitions.yaml': ('ceilometer-notification',),
    'ceilometer-shipped/event_definitions.yaml': (
        'ceilometer-notification',),
    'aodh.conf': ('aodh-api', 'aodh-evaluator', 'aodh-listener',
                  'aodh-notifier'),
    'congress.conf': ('congress-server',),
    'vitrage.conf': ('vitrage-api', 'vitrage-graph', 'vitrage-notifier'),
}


def layout(paths: Mapping[str, str], services: Iterable[Service], *,
           sudo: bool) -> Layout:
    """The layout of a node that has these services.

    :param paths: where the deployment keeps every file of
        :data:`READERS`; those that no service of the node reads are left
        out.
    """
    by_name = {service.name: service for service in services}
    return Layout(
        files={name: path for name, path in paths.items()
               if any(reader in by_name for reader in READERS[name])},
        services=by_name, sudo=sudo)


def units(runner: Runner) -> frozenset[str]:
    """The services that systemd runs on a machine, or tries to, without
    ``.service``; blocks.

    One that has failed is among them: it may be what has to be put right.

    :raises BackendError: the machine does not say.
    """
    said = runner.run(['systemctl', 'list-units', '--type=service',
                       '--state=running,failed,auto-restart', '--no-legend',
                       '--no-pager', '--full'])
    return frozenset(
        next((word.removesuffix('.service') for word in line.split()
              if word.endswith('.service')), '')
        for line in said.splitlines()) - {''}


def by_units(names: Mapping[str, tuple[str, ...]],
             there: frozenset[str]) -> list[Service]:
    """The services that systemd runs.

    :param names: those that the unit of a service may have; it is the first
        that is there.
    :param there: what :func:`units` found.
    """
    found = {name: next((unit for unit in candidates if unit in there), '')
             for name, candidates in names.items()}
    return [Service(name, ('systemctl', 'restart', unit),
                    ('systemctl', 'is-active', '--quiet', unit))
            for name, unit in found.items() if unit]


def by_containers(names: Mapping[str, str], engine: str,
                  there: frozenset[str], kept: frozenset[str]
                  ) -> list[Service]:
    """The services that run in containers.

    :param names: the container of each service.
    :param engine: the command of the container engine.
    :param there: the containers that :func:`containers` found.
    :param kept: the units that :func:`units` found. A container that systemd
        keeps has to be restarted by systemd: it takes one that the engine
        restarts for one that has died.
    """
    found = {name: container for name, container in names.items()
             if container in there}
    services = by_units({name: (f'tripleo_{container}',)
                         for name, container in found.items()}, kept)
    done = {service.name for service in services}
    return services + [
        Service(name, (engine, 'restart', container),
                (engine, 'top', container))
        for name, container in found.items() if name not in done]


def containers(runner: Runner, engines: Sequence[str]
               ) -> tuple[str, frozenset[str]]:
    """The engine that has containers, and their names, those that have ended
    among them; blocks.

    :param engines: the commands of those that there may be.
    :returns: the first that has any; the last and nothing if none does.
    :raises BackendError: the machine cannot be asked.
    """
    names: frozenset[str] = frozenset()
    for engine in engines:
        if runner.succeeds([engine, '--version']):
            names = frozenset(runner.run(
                [engine, 'ps', '--all', '--format', '{{.Names}}']).split())
        if names:
            break
    return engine, names


def transport_url(nodes: Iterable[Node], runner: Callable[[Node], Runner],
                  path: Callable[[Runner], str]) -> str:
    """The bus of Nova's notifications, by addresses where the nodes know
    them; blocks.

    :param nodes: the controllers; the first whose nova.conf can be read
        counts.
    :param path: where a machine has its nova.conf.
    :raises BackendError: none can be read, or it names no bus.
    """
    error = BackendError('No controller is known that has a nova.conf')
    for node in nodes:
        try:
            machine = runner(node)
            url = bus_url.in_nova_conf(
                machine.get(path(machine)).decode(errors='replace'))
            if url:
                return bus_url.reached(url, _resolver(machine))
            error = BackendError('Its nova.conf names no transport_url')
        except BackendError as why:
            error = why
        LOG.warning('Controller %s does not tell where the bus is: %s',
                    node.name, error)
    raise error


def _resolver(runner: Runner) -> Callable[[str], str]:
    def resolve(name: str) -> str:
        said = runner.run(['getent', 'ahosts', name], check=False).split()
        return said[0] if said else name
    return resolve


def present(runner: Runner, paths: Mapping[str, str]) -> dict[str, str]:
    """The paths of a deployment's files on one machine; blocks.

    Up to Victoria, Nova's policy file ended with ``.json``; where there is
    only that one, it is read by any release.

    :raises BackendError: the machine does not say.
    """
    name = 'nova-policy.yaml'
    former = paths[name].removesuffix('.yaml') + '.json'
    if runner.exists(former) and not runner.exists(paths[name]):
        return {**paths, name: former}
    return dict(paths)
