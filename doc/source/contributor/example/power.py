"""The monitor that asks management controllers by IPMI."""

from oslo_config import cfg

from doctor_core.bmc import connect
from doctor_core.model import Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.monitors.polling import PollingMonitor


class PowerMonitor(PollingMonitor):
    """Asks the controller HOST-bmc of each host for its power, by IPMI."""

    hears_hosts = False
    cause = 'switched off'
    evidence_kind = EvidenceKind.BMC_OFF
    default_interval_s = 10.0
    default_timeout_s = 5.0

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [*super().get_opts(),
                cfg.StrOpt('user', default='doctor', help='Who logs in.'),
                cfg.StrOpt('password', default='', secret=True,
                           help='The password of that user.')]

    def probe(self, host: Host) -> bool | None:
        bmc = connect('ipmi', f'{host.name}-bmc', self.options.user,
                      self.options.password)
        return bmc.is_on(self.options.timeout_s)
