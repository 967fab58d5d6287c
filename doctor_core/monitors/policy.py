"""The options that say how much evidence a verdict needs."""

from oslo_config import cfg

from doctor_core.exceptions import ConfigError
from doctor_core.monitors.verdict import Policy
from doctor_core.plugins import Options


def policy_opts(*, soak_samples: int) -> list[cfg.Opt]:
    """The options of every monitor that takes samples.

    :param soak_samples: a default.
    """
    return [
        cfg.IntOpt(
            'soak_samples', default=soak_samples, min=1,
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


def policy(options: Options, misses: int, silence_s: float = 0.0,
           agreed_silence_s: float | None = None) -> Policy:
    """How much evidence a verdict needs.

    :param misses: how many in a row mean that a host is down.
    :param silence_s: and for how long, in seconds.
    :param agreed_silence_s: the same where a second witness agrees.
    :raises ConfigError: the options contradict each other.
    """
    if options.hold_down_s > options.hold_down_max_s:
        raise ConfigError(
            f'[{options.section}] hold_down_s = {options.hold_down_s:g} is '
            f'above hold_down_max_s = {options.hold_down_max_s:g}.')
    return Policy(misses=misses,
                  silence_s=silence_s,
                  agreed_silence_s=agreed_silence_s,
                  soak_samples=options.soak_samples,
                  soak_s=options.soak_s,
                  hold_down_s=options.hold_down_s,
                  hold_down_max_s=options.hold_down_max_s,
                  flap_window_s=options.flap_window_s,
                  flap_limit=options.flap_limit)
