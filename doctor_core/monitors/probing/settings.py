"""The options of monitors that probe."""

import dataclasses

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.monitors.policy import policy_opts
from doctor_core.plugins import Options


@dataclasses.dataclass(frozen=True)
class Timing:
    """When probes are sent and how long answers may take, in seconds.

    :ivar confirm: how many probes follow a miss at once.
    :ivar spacing_s: the pause between these.
    """

    interval_s: float
    timeout_s: float
    confirm: int
    spacing_s: float


def probing_opts(realtime_priority: int) -> list[cfg.Opt]:
    """The options of every monitor that probes.

    :param realtime_priority: its default.
    """
    return [*_timing_opts(), *policy_opts(soak_samples=5), *_judgement_opts(),
            cfg.IntOpt(
                'realtime_priority', default=realtime_priority, min=0,
                max=99,
                help='Real-time priority (SCHED_FIFO) of the thread that '
                     'probes, so that faults are seen in time on a busy '
                     'machine too; needs CAP_SYS_NICE. 0 for none.')]


def _timing_opts() -> list[cfg.Opt]:
    return [
        cfg.FloatOpt(
            'interval_ms', default=40.0, min=1.0,
            help='Milliseconds between two probes of a host.'),
        cfg.FloatOpt(
            'timeout_ms', default=12.0, min=0.5,
            help='Milliseconds within which an answer is in time; well '
                 'above the round trip, and not above interval_ms. A host '
                 'whose answers are late is not down, but is suspected '
                 'again and again.'),
        cfg.IntOpt(
            'confirm_probes', default=3, min=0,
            help='Probes that follow a missed one at once. A host is down '
                 'when these are missed too.'),
        cfg.FloatOpt(
            'confirm_spacing_ms', default=1.0, min=0.1,
            help='Milliseconds between two of these.'),
    ]


def _judgement_opts() -> list[cfg.Opt]:
    return [
        cfg.ListOpt(
            'networks', default=[],
            help='Names of the networks on which hosts have addresses, in '
                 'the order of each host\'s addresses.'),
        cfg.ListOpt(
            'verdicts', default=[],
            help='What it means that networks are unreachable: rows like '
                 '"management = ignore", "tenant + storage = down", '
                 '"default = degraded". Empty for down when a host can be '
                 'reached on no network, and degraded while it can on some.'),
        cfg.ListOpt(
            'witnesses', default=[],
            help='Addresses on the first network, e.g. of its gateway, that '
                 'are probed only to know whether the monitor\'s own link is '
                 'up. With a single host there is no other way to know.'),
    ]


def timing(options: Options) -> Timing:
    """When to probe.

    :raises ConfigError: the options contradict each other.
    """
    if options.timeout_ms > options.interval_ms:
        raise ConfigError(
            f'[{options.section}] timeout_ms = {options.timeout_ms:g} is '
            f'above interval_ms = {options.interval_ms:g}.')
    return Timing(interval_s=options.interval_ms / 1000,
                  timeout_s=options.timeout_ms / 1000,
                  confirm=options.confirm_probes,
                  spacing_s=options.confirm_spacing_ms / 1000)
