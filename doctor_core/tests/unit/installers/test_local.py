import testtools

from doctor_core import conf
from doctor_core.exceptions import (
    BackendError,
    CommandFailed,
    ConfigError,
)
from doctor_core.installers.local import LocalInstaller
from doctor_core.model import Host, Node

HOST = Host('compute-1')


class Commands:
    """Keeps what is run, and answers for it."""

    def __init__(self, output='', error=None):
        self.ran = []
        self._output = output
        self._error = error

    def run(self, argv, *, check=True, timeout_s=30.0):
        self.ran.append((list(argv), timeout_s))
        if self._error is not None:
            raise self._error
        return self._output


def made(runner=None, **options):
    options = {('installer_local', name): value
               for name, value in {
                   'fail_command': ['cut', '-9', 'a b'],
                   'heal_command': ['mend'], **options}.items()}
    return LocalInstaller(
        conf.prepare(files=(), overrides={
            ('installer', 'type'): 'local', **options}),
        runner or Commands())


class LocalInstallerTest(testtools.TestCase):

    def test_a_host_fails_by_the_command_with_its_name(self):
        runner = Commands()
        made(runner, command_timeout_s=7.0).fail(HOST)
        self.assertEqual([(['cut', '-9', 'a b', 'compute-1'], 7.0)],
                         runner.ran)

    def test_it_is_healed_by_the_other_command(self):
        runner = Commands()
        made(runner).heal(HOST)
        self.assertEqual([['mend', 'compute-1']],
                         [argv for argv, _timeout in runner.ran])

    def test_the_command_may_say_when_the_host_failed(self):
        self.assertEqual(1234.5, made(Commands('cut off\n1234.5\n')
                                      ).fail(HOST))

    def test_otherwise_it_failed_when_the_command_was_started(self):
        for output in ('', 'done\n', '12\ndone'):
            failed_at = made(Commands(output)).fail(HOST)
            self.assertGreater(failed_at, 1e9, output)

    def test_a_moment_that_is_none_is_refused(self):
        for output in ('nan', 'inf\n'):
            self.assertRaises(BackendError,
                              made(Commands(output)).fail, HOST)

    def test_a_command_that_fails_is_heard(self):
        error = CommandFailed(['cut'], 1, 'no such host')
        installer = made(Commands(error=error))
        self.assertIs(error, self.assertRaises(
            CommandFailed, installer.fail, HOST))
        self.assertIs(error, self.assertRaises(
            CommandFailed, installer.heal, HOST))

    def test_without_a_command_the_operator_is_told_which(self):
        error = self.assertRaises(
            ConfigError, made(heal_command=[]).heal, HOST)
        self.assertIn('[installer_local] heal_command', str(error))

    def test_the_nodes_are_those_of_the_options(self):
        self.assertEqual(
            [Node('c1', 'compute', '192.0.2.1'),
             Node('ctl', 'controller', '192.0.2.9')],
            made(nodes=['c1=192.0.2.1', 'ctl = 192.0.2.9 controller']
                 ).nodes())

    def test_what_is_no_node_is_refused(self):
        for entry in ('c1', 'c1=', '=192.0.2.1', 'c1=192.0.2.1 compute no'):
            self.assertRaises(ConfigError, made(nodes=[entry]).nodes)

    def test_the_bus_is_that_of_the_options(self):
        self.assertEqual('rabbit://h/',
                         made(transport_url='rabbit://h/').transport_url())
        self.assertEqual('', made().transport_url())
