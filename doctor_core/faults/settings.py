"""How the engine is to work: the section ``[inspector]``, typed."""

import dataclasses

from oslo_config import cfg

from doctor_core.faults.mass_failure import Limits


@dataclasses.dataclass(frozen=True)
class Settings:
    """What an operator decides.

    :ivar tells_first: whether owners are told at once, or when Nova has the
        new state of their server.
    :ivar hears_states: whether Nova's notifications keep the states of
        servers current; else Nova is asked before any is changed.
    :ivar hold: whether each new fault is held until an operator confirms it.
    :ivar with_ports: whether Neutron's data plane status is corrected, too.
    :ivar unwitnessed_clear_s: so many seconds after the news of a host's
        return its marks are taken back without a witness; 0 for never.
    :ivar silent_source_s: a fault whose source fell silent ends when Doctor's
        own monitor hears the host and nova-compute has reported for so many
        seconds; 0 for never.
    :ivar start_after_reboot: whether servers that ran before are started on
        a host that has rebooted.
    """

    tells_first: bool = True
    hears_states: bool = True
    with_ports: bool = True
    hold: bool = False
    mass_failure: Limits = dataclasses.field(
        default_factory=lambda: Limits(0.3, 3))
    flap_returns: int = 3
    flap_window_s: float = 600.0
    flap_quiet_s: float = 60.0
    unwitnessed_clear_s: float = 0.0
    silent_source_s: float = 900.0
    start_after_reboot: bool = False
    refresh_s: float = 60.0


def settings(conf: cfg.ConfigOpts) -> Settings:
    """The settings that a configuration holds now."""
    group = conf.inspector
    return Settings(
        tells_first=group.notification == 'shortcut',
        hears_states=bool(conf.cloud.notifications_transport_url),
        with_ports=group.update_port_data_plane_status,
        hold=group.hold,
        mass_failure=Limits(
            group.mass_failure_share, group.mass_failure_hosts,
            group.mass_failure_budget),
        flap_returns=group.flap_returns, flap_window_s=group.flap_window_s,
        flap_quiet_s=group.flap_quiet_s,
        unwitnessed_clear_s=group.unwitnessed_clear_s,
        silent_source_s=group.silent_source_s,
        start_after_reboot=group.start_after_reboot,
        refresh_s=group.refresh_s)


#: Options of releases before this one. A file may set them to anything.
GONE: list[cfg.Opt] = [cfg.StrOpt(name) for name in (
    'mass_failure_window_s', 'mass_failure_cool_down_s')]


def ignored(conf: cfg.ConfigOpts) -> str:
    """Which options that are gone a file sets, in one line; empty when it
    sets none.
    """
    names = [option.name for option in GONE
             if conf.inspector[option.name] is not None]
    return names and (
        f'[inspector] {" and ".join(names)}: ignored. All hosts that are '
        'down and not back count, and mass_failure_budget says how those '
        'that are held go through by themselves') or ''


#: Read anew each time, for an operator may change some while it runs.
OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'notification', default='shortcut',
        choices=[('shortcut', 'tell the owners at once, while Nova is being '
                              'corrected'),
                 ('conservative', 'tell an owner when Nova has the new state '
                                  'of the server')],
        mutable=True,
        help='When the owners are told.'),
    cfg.BoolOpt(
        'update_port_data_plane_status', default=True,
        deprecated_opts=[cfg.DeprecatedOpt('update_neutron_port_dp_status',
                                           group='inspector')],
        mutable=True,
        help='Whether the ports on a failed host get the data plane status '
             'DOWN. Neutron needs its extension data_plane_status.'),
    cfg.BoolOpt(
        'hold', default=False, mutable=True,
        help='Hold each new fault, as while Nova is being worked on: the '
             'owners are told, nothing is corrected in Nova and Neutron. What '
             'was held stays so when this is false again, until an operator '
             'confirms it, "doctor faults confirm", or clears it, or the '
             'host is back. While it is set the log says so each hour, and '
             '"doctor faults list" and GET /healthcheck do. What was begun '
             'before goes on, and so does the undoing for hosts that are '
             'back.'),
    cfg.FloatOpt(
        'refresh_s', default=60.0, min=1.0,
        help='Seconds between two full looks at what runs on which host.'),
    cfg.FloatOpt(
        'mass_failure_share', default=0.3, min=0.0, max=1.0, mutable=True,
        help='While more than this share of all compute hosts are down, or '
             'of those of a rack, an availability zone or an aggregate, the '
             'owners of further ones are told, but these are not marked down '
             'in Nova and Neutron until an operator confirms it, "doctor '
             'faults confirm", or mass_failure_budget lets them through. A '
             'rack is what has the same doctor:rack in the metadata of its '
             'aggregates. 0 for never.'),
    cfg.IntOpt(
        'mass_failure_hosts', default=3, min=2, mutable=True,
        help='So many hosts at least make a mass failure, whatever share '
             'they are of all, or of their rack, availability zone or '
             'aggregate.'),
    cfg.IntOpt(
        'mass_failure_budget', default=1, min=0, max=1000, mutable=True,
        help='So many of the hosts that were held for 60 s in a mass failure '
             'are marked down each minute without an operator, those that a '
             'second witness calls dead first. 0 to wait for an operator.'),
    cfg.IntOpt(
        'flap_returns', default=3, min=0, mutable=True,
        help='A host that came back so often within flap_window_s and is '
             'lost once more has its fault kept open, its owners told once, '
             'until it is quiet for flap_quiet_s. 0 to follow each turn.'),
    cfg.FloatOpt(
        'flap_window_s', default=600.0, min=0.0, mutable=True,
        help='Seconds in which the returns of a host are counted.'),
    cfg.FloatOpt(
        'flap_quiet_s', default=60.0, min=0.0, mutable=True,
        help='Seconds that a host which came and went has to be back for '
             'before its fault is cleared.'),
    cfg.FloatOpt(
        'unwitnessed_clear_s', default=0.0, min=0.0, mutable=True,
        help='A host that is reported up keeps its marks until its '
             'nova-compute reports to Nova again, or, for the mark of the '
             'host alone, Doctor\'s own monitor hears it. After so many '
             'seconds the marks are taken back without such a witness. 0 '
             'for never: "doctor faults clear HOST" does it.'),
    cfg.FloatOpt(
        'silent_source_s', default=900.0, min=0.0, mutable=True,
        help='A fault whose source does not speak any more is ended when '
             'Doctor\'s own monitor has heard the host since and its '
             'nova-compute has reported to Nova for so many seconds; with '
             '[monitor] type = collectd no host is ever heard. 0 for never.'),
    cfg.BoolOpt(
        'start_after_reboot', default=False, mutable=True,
        help='Start the servers that were active on a host that has come '
             'back by a reboot, which has ended its guests. Where Nova '
             'starts them itself (resume_guests_state_on_host_boot) it does '
             'not for those that were in error meanwhile.'),
]
