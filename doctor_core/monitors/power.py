"""Monitors that ask management controllers whether hosts have power."""

import abc
from collections.abc import Callable, Sequence

from oslo_config import cfg

from doctor_core.bmc import Bmc, connect
from doctor_core.bmcs import Bmcs, bmc_opts
from doctor_core.exceptions import BackendError
from doctor_core.model import Fault, Host
from doctor_core.model.evidence import EvidenceKind
from doctor_core.monitors.polling import PollingMonitor
from doctor_core.plugins import Options


class PowerMonitor(PollingMonitor):
    """A host is lost when its controller says that it is off, several times
    in a row. One that does not answer says nothing of the host.

    :param way: makes the way to a controller, as
        :func:`doctor_core.bmc.connect`.
    """

    hears_hosts = False
    cause = 'its management controller says that it is off'
    evidence_kind = EvidenceKind.BMC_OFF
    default_interval_s = 10.0
    default_timeout_s = 5.0

    def __init__(self, options: Options, report: Callable[[Fault], None],
                 way: Callable[..., Bmc] = connect) -> None:
        super().__init__(options, report)
        self._bmcs = Bmcs(options, self.bmc_kind(), way)

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [*super().get_opts(), *bmc_opts([cls.bmc_kind()])]

    def start(self, hosts: Sequence[Host]) -> None:
        self._bmcs.start(hosts)
        super().start(hosts)

    def update(self, hosts: Sequence[Host]) -> None:
        self._bmcs.keep(hosts)
        super().update(hosts)

    def stop(self) -> None:
        super().stop()
        self._bmcs.close()

    @staticmethod
    @abc.abstractmethod
    def bmc_kind() -> str:
        """How controllers are spoken to: ``redfish`` or ``ipmi``."""

    def probe(self, host: Host) -> bool | None:
        bmc = self._bmcs.of(host)
        if bmc is None:
            raise BackendError('no address of its management controller is '
                               'known')
        return bmc.is_on(self.options.timeout_s)
