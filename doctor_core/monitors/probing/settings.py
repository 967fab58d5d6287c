"""The options of monitors that probe."""

import dataclasses
from collections.abc import Sequence

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.monitors.policy import policy, policy_opts
from doctor_core.monitors.probing.profiles import DEFAULT, PROFILES, figures
from doctor_core.monitors.verdict import Policy
from doctor_core.plugins import Options

#: A silence that was shorter may have been some lost probes.
_LASTING_S = 0.1


@dataclasses.dataclass(frozen=True)
class Timing:
    """When probes are sent and how long answers may take, in seconds.

    :ivar confirm: how many probes follow a miss at once.
    :ivar spacing_s: the pause between these.
    :ivar silences_s: so long after a missed probe, one more is sent.
    """

    interval_s: float
    timeout_s: float
    confirm: int
    spacing_s: float
    silences_s: tuple[float, ...] = ()


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
        cfg.StrOpt(
            'profile', default=DEFAULT, choices=[
                (name, profile.purpose) for name, profile
                in PROFILES.items()],
            help='How sure the monitor is before it calls a host lost. Each '
                 'figure below is the profile\'s unless it is set.'),
        cfg.FloatOpt(
            'interval_ms', min=1.0,
            help='Milliseconds between two probes of a host. By profile: '
                 + figures('interval_ms') + '.'),
        cfg.FloatOpt(
            'timeout_ms', min=0.5,
            help='Milliseconds within which an answer is in time; well '
                 'above the round trip, and not above interval_ms. A host '
                 'whose answers are late is not down, but is suspected '
                 'again and again. By profile: '
                 + figures('timeout_ms') + '.'),
        cfg.FloatOpt(
            'silence_ms', min=0.0,
            help='A host is lost when a probe that was sent so many '
                 'milliseconds after the first one without an answer is not '
                 'answered either. By profile: '
                 + figures('silence_ms') + '.'),
        cfg.FloatOpt(
            'agreed_silence_ms', min=0.0,
            help='The same where a second witness agrees, such as another of '
                 'independent_networks. By profile: '
                 + figures('agreed_silence_ms') + '.'),
        cfg.IntOpt(
            'confirm_probes', min=0,
            help='Probes that follow a missed one at once. A host is lost '
                 'when as many are missed besides, these or others. By '
                 'profile: ' + figures('confirm_probes') + '.'),
        cfg.FloatOpt(
            'confirm_spacing_ms', min=0.1,
            help='Milliseconds between two of these. By profile: '
                 + figures('confirm_spacing_ms') + '.'),
    ]


def _judgement_opts() -> list[cfg.Opt]:
    return [
        cfg.ListOpt(
            'networks', default=[],
            help='Names of the networks on which hosts have addresses, in '
                 'the order of each host\'s addresses.'),
        cfg.ListOpt(
            'independent_networks', default=[],
            help='Those of the networks that share no bond, switch or route '
                 'with the first one. A host that is silent on the first and '
                 'on one of these is lost after agreed_silence_ms.'),
        cfg.ListOpt(
            'verdicts', default=[],
            help='What it means that networks are unreachable: rows like '
                 '"management = ignore", "tenant + storage = down", '
                 '"default = degraded". Empty for down when a host can be '
                 'reached on no network, and degraded while it can on some.'),
        cfg.ListOpt(
            'witnesses', default=[],
            help='Addresses, e.g. of gateways, that are probed only to know '
                 'whether the monitor\'s own link is up; on the first '
                 'network, or as "network=address". Each network needs one: '
                 'where all hosts are silent and no witness answers, it is '
                 'the monitor that is cut off, and nobody is told. With a '
                 'single host there is no other way to know.'),
    ]


def timing(options: Options) -> Timing:
    """When to probe.

    :raises ConfigError: the options contradict each other.
    """
    interval_ms = _figure(options, 'interval_ms')
    timeout_ms = _figure(options, 'timeout_ms')
    if options.timeout_ms is None:
        timeout_ms = min(timeout_ms, interval_ms)
    if timeout_ms > interval_ms:
        raise ConfigError(
            f'[{options.section}] timeout_ms = {timeout_ms:g} is '
            f'above interval_ms = {interval_ms:g}'
            + (f', which is of profile = {options.profile}.'
               if options.interval_ms is None else '.'))
    return Timing(interval_s=interval_ms / 1000,
                  timeout_s=timeout_ms / 1000,
                  confirm=int(_figure(options, 'confirm_probes')),
                  spacing_s=_figure(options, 'confirm_spacing_ms') / 1000,
                  silences_s=tuple(sorted({
                      _figure(options, name) / 1000 for name in
                      ('silence_ms', 'agreed_silence_ms')} - {0.0})))


def independent(options: Options, networks: Sequence[str]
                ) -> frozenset[str]:
    """The networks that share nothing with the first.

    :raises ConfigError: one of them is none of the networks, or the first.
    """
    for name in options.independent_networks:
        if name not in networks[1:]:
            raise ConfigError(
                f'[{options.section}] independent_networks: {name!r} is '
                + ('the first of the networks.' if name == networks[0]
                   else 'not one of the networks.'))
    return frozenset(options.independent_networks)


def verdicts(options: Options, timing: Timing) -> Policy:
    """How much evidence a verdict needs.

    :raises ConfigError: the options contradict each other.
    """
    silence_s, agreed_s = (_figure(options, name) / 1000 for name in
                           ('silence_ms', 'agreed_silence_ms'))
    return policy(options, timing.confirm + 1, silence_s,
                  agreed_s if agreed_s < silence_s else None)


def _figure(options: Options, name: str) -> float:
    """As it is set, or else as it is in the profile."""
    chosen = getattr(options, name)
    return float(getattr(PROFILES[options.profile], name)
                 if chosen is None else chosen)


def lasting_silence_s(options: Options) -> float:
    """How long a silence was that was more than some lost probes, in seconds:
    half of what makes a host lost.
    """
    return max(_LASTING_S, _figure(options, 'silence_ms') / 2000)
