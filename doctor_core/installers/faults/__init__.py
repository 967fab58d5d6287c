"""How a host is made to fail: the ways are the same for all installers."""

from doctor_core.installers.faults.base import Injector
from doctor_core.installers.faults.choice import fault_opts, injector

__all__ = ['Injector', 'fault_opts', 'injector']
