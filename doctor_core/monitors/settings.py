"""The options of monitors that probe."""

from typing import Any

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.monitors.targets import Timing
from doctor_core.monitors.verdict import Policy


def probing_opts(realtime_priority: int) -> list[cfg.Opt]:
    """The options of every monitor that probes.

    :param realtime_priority: its default.
    """
    return [*_timing_opts(), *_policy_opts(), *_judgement_opts(),
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


def _policy_opts() -> list[cfg.Opt]:
    return [
        cfg.IntOpt(
            'soak_samples', default=5, min=1,
            help='Answers in a row until a host that was down is up.'),
        cfg.FloatOpt(
            'soak_s', default=1.0, min=0.0,
            help='Seconds for which it has to answer, besides.'),
        cfg.FloatOpt(
            'hold_down_s', default=10.0, min=0.0,
            help='Seconds that a host stays down, counted from its last '
                 'failure, which goes down soon after having come up; '
                 'doubles each time.'),
        cfg.FloatOpt(
            'hold_down_max_s', default=300.0, min=0.0,
            help='The longest that a host is held down, in seconds.'),
        cfg.FloatOpt(
            'flap_window_s', default=300.0, min=0.0,
            help='Going down so many seconds after having come up is '
                 '"soon".'),
        cfg.IntOpt(
            'flap_limit', default=3, min=1,
            help='As many times soon in a row, and the host is flapping.'),
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
        cfg.FloatOpt(
            'mass_failure_share', default=0.5, min=0.0, max=1.0,
            help='When more than this share of the hosts, and more than one, '
                 'go down within mass_failure_window_s, their faults say '
                 'that they are part of a mass failure.'),
        cfg.FloatOpt(
            'mass_failure_window_s', default=10.0, min=0.0,
            help='Seconds within which failures are taken as one.'),
    ]


def timing(options: Any, group: str) -> Timing:
    """When to probe.

    :raises ConfigError: the options contradict each other.
    """
    if options.timeout_ms > options.interval_ms:
        raise ConfigError(
            f'[{group}] timeout_ms = {options.timeout_ms:g} is above '
            f'interval_ms = {options.interval_ms:g}.')
    return Timing(interval_s=options.interval_ms / 1000,
                  timeout_s=options.timeout_ms / 1000,
                  confirm=options.confirm_probes,
                  spacing_s=options.confirm_spacing_ms / 1000)


def policy(options: Any, group: str) -> Policy:
    """How much evidence a verdict needs.

    :raises ConfigError: the options contradict each other.
    """
    if options.hold_down_s > options.hold_down_max_s:
        raise ConfigError(
            f'[{group}] hold_down_s = {options.hold_down_s:g} is above '
            f'hold_down_max_s = {options.hold_down_max_s:g}.')
    return Policy(misses=options.confirm_probes + 1,
                  soak_samples=options.soak_samples,
                  soak_s=options.soak_s,
                  hold_down_s=options.hold_down_s,
                  hold_down_max_s=options.hold_down_max_s,
                  flap_window_s=options.flap_window_s,
                  flap_limit=options.flap_limit)
