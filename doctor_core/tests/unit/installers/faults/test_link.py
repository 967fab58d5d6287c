import testtools

from doctor_core.exceptions import BackendError, CommandFailed
from doctor_core.installers.faults.link import LinkInjector, LinkSettings
from doctor_core.model import Host
from doctor_core.runner import Done
from doctor_core.tests.unit.installers.faults import doubles

HOST = Host('compute-1', ('10.0.0.1',))
ABSENT = Done(1, b'', b'stat: x: No such file or directory\n')
FOLDER = 'env LC_ALL=C stat -L -c %f %u %g %s -- /run/doctor-link'
DEVICE = 'ip -o addr show to 10.0.0.1'


class LinkTest(testtools.TestCase):
    """What the genuine link of a test machine cannot show."""

    def made(self, answers):
        self.clock = doubles.FakeClock()
        self.machine = doubles.Machine(self.clock, {
            f'{FOLDER}/': '81a4 0 0 5', FOLDER: ABSENT,
            DEVICE: '2: eth0    inet 10.0.0.1/24 scope global eth0',
            **answers})
        return LinkInjector(doubles.settings(LinkSettings),
                            lambda _host: self.machine, self.clock)

    def launched(self):
        return [' '.join(argv[:argv.index('/bin/sh')])
                for argv in self.machine.ran if '/bin/sh' in argv]

    def test_by_systemd_where_it_runs(self):
        """Where sessions are looked after, one of our own ends with us."""
        self.made({'readlink': 'net:[1]'}).fail(HOST)
        self.assertEqual(['', 'systemd-run', 'systemd-run'],
                         self.launched())

    def test_not_by_the_systemd_of_another_network(self):
        self.made({'readlink /proc/1': 'net:[1]',
                   'readlink /proc/self': 'net:[2]'}).fail(HOST)
        self.assertEqual(['', 'setsid -f', 'setsid -f'], self.launched())

    def test_not_cut_before_the_way_back_is_sure(self):
        injector = self.made({'test -d': Done(1), f'{FOLDER}/': ABSENT})
        error = self.assertRaises(BackendError, injector.fail, HOST)
        self.assertIn('what brings the link back', str(error))
        self.assertEqual(2, len(self.launched()))

    def test_restored_before_cut(self):
        self.made({'test -d': Done(1)}).fail(HOST)
        whats = [argv[argv.index('/bin/sh') + 2] for argv in self.machine.ran
                 if '/bin/sh' in argv]
        self.assertEqual(['save', 'restore-in', 'cut'], whats)
        self.assertEqual(1, self.machine.closed)

    def test_nothing_is_left_of_what_could_not_begin(self):
        injector = self.made({'/bin/sh': Done(1, b'', b'eth0 is down\n')})
        error = self.assertRaises(BackendError, injector.fail, HOST)
        self.assertNotIsInstance(error, CommandFailed)
        self.assertIn('eth0 is down', str(error))
        self.assertEqual(1, len(self.machine.said('rm -r')))
