import testtools

from doctor_core.exceptions import (
    BackendError,
    CommandFailed,
    ConfigError,
)
from doctor_core.installers.faults.command import (
    CommandInjector,
    CommandSettings,
)
from doctor_core.model import Host, Stamp
from doctor_core.runner import Done
from doctor_core.tests.unit.installers.faults import doubles

HOST = Host('compute-1')


class CommandTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.clock = doubles.FakeClock()

    def made(self, output='', **values):
        self.machine = doubles.Machine(self.clock, {'cut': output},
                                       took_s=4.0)
        return CommandInjector(
            doubles.settings(CommandSettings, **{
                'fail_command': ['cut', '-9', 'a b'],
                'heal_command': ['mend'], **values}),
            lambda _host: None, self.clock, self.machine)

    def test_the_name_of_the_host_is_added(self):
        injector = self.made()
        injector.fail(HOST)
        injector.heal(HOST)
        self.assertEqual([['cut', '-9', 'a b', 'compute-1'],
                          ['mend', 'compute-1']], self.machine.ran)

    def test_the_command_may_say_when_the_host_failed(self):
        injector = self.made('cut off\n1234.5\n')
        self.assertEqual(1234.5, injector.fail(HOST))
        self.assertEqual(Stamp(1234.5), injector.failed_at(HOST))

    def test_otherwise_it_failed_when_the_command_was_started(self):
        for output in ('', 'done\n', '12\ndone'):
            began = self.clock.now()
            self.assertEqual(began, self.made(output).fail(HOST))

    def test_what_is_no_time_is_refused(self):
        for output in ('nan', 'inf\n'):
            error = self.assertRaises(BackendError, self.made(output).fail,
                                      HOST)
            self.assertIn(output.strip(), str(error))

    def test_a_command_that_says_no(self):
        injector = self.made(Done(3, b'', b'no'))
        self.assertRaises(CommandFailed, injector.fail, HOST)
        self.assertRaises(BackendError, injector.failed_at, HOST)

    def test_without_commands_the_option_is_named(self):
        injector = self.made(fail_command=[], heal_command=[])
        for call, option in ((injector.fail, 'fail_command'),
                             (injector.heal, 'heal_command')):
            self.assertIn(option,
                          str(self.assertRaises(ConfigError, call, HOST)))
