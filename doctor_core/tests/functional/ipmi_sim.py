"""A genuine management controller with IPMI, without a machine: ipmi_sim."""

import pathlib
import signal
import socket
import subprocess

import fixtures

from doctor_core import clock
from doctor_core.tests.functional import requirements

WAIT_S = 30
_LAN = '''
name "sim"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "{folder}/chassis"
  user 2 true "watcher" "xyzzy" user 10 md5
  user 3 true "admin" "xyzzy" admin 10 md5
'''
_COMMANDS = '''
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
'''
#: It is called with "get power", or "set power" and 0 or 1.
_CHASSIS = '''#!/bin/sh
case $1 in
get) echo "power:$(cat {folder}/power)" ;;
set) echo "$3" >{folder}/power ;;
esac
'''
#: It does not say which cipher suites it has; 3 is one of them.
CIPHER_SUITE = 3


class IpmiSim(fixtures.Fixture):
    """A controller on loopback. ``watcher`` may ask, ``admin`` may switch;
    the password of both is ``xyzzy``.

    :param test: is skipped where ipmi_sim or ipmitool is not installed.
    :ivar address: with its port.
    """

    def __init__(self, test):
        super().__init__()
        self._command = requirements.need_command(
            test, 'ipmi_sim', 'apt-get install openipmi')
        requirements.need_command(test, 'ipmitool',
                                  'apt-get install ipmitool')

    def _setUp(self):
        self._folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
            unused.bind(('127.0.0.1', 0))
            port = unused.getsockname()[1]
        self.address = f'127.0.0.1:{port}'
        for name, text in (('lan.conf', _LAN), ('commands', _COMMANDS),
                           ('chassis', _CHASSIS)):
            (self._folder / name).write_text(
                text.format(folder=self._folder, port=port))
        (self._folder / 'chassis').chmod(0o755)
        (self._folder / 'state').mkdir()
        self.switch(True)
        self._process = subprocess.Popen(
            [self._command, '-n', '-c', 'lan.conf', '-f', 'commands',
             '-s', 'state'], cwd=self._folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.kill)
        clock.wait_for(self._listens, clock.Deadline(WAIT_S),
                       what='ipmi_sim to listen')

    def _listens(self):
        """Whether it answers a ping of RMCP (ASF)."""
        name, port = self.address.split(':')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
            ours.settimeout(0.2)
            try:
                ours.connect((name, int(port)))
                ours.send(bytes.fromhex('0600ff06 000011be 80000000'))
                return ours.recv(100)
            except OSError:
                return b''

    def switch(self, on):
        """Have the machine lose its power, or get it."""
        (self._folder / 'power').write_text(f'{int(on)}\n')

    @property
    def is_on(self):
        return (self._folder / 'power').read_text().strip() == '1'

    def hang(self):
        """Let it say nothing more."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        """Let it answer again."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self):
        """Have it lose its power, too."""
        self._process.kill()
        self._process.wait()
