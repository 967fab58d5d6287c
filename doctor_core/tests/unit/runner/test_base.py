import testtools

from doctor_core.exceptions import BackendError, CommandFailed
from doctor_core.runner import Done, Runner
from doctor_core.tests.unit.installers.faults.doubles import (
    FakeClock,
    Machine,
)


def machine(**answers):
    return Machine(FakeClock(), {
        begin.replace('_', ' '): answer for begin, answer in answers.items()})


class RunnerTest(testtools.TestCase):

    def test_unreadable_says_nothing_of_the_content(self):
        """Half of a key once stood in the error."""
        runner = machine(env=Done(1, b'-----BEGIN', b'cat: I/O error\n'))
        error = self.assertRaises(CommandFailed, runner.get, '/key')
        self.assertNotIn('BEGIN', str(error))
        self.assertIn('I/O error', str(error))

    def test_forbidden_is_not_absent(self):
        runner = machine(env=Done(1, b'', b'stat: x: Permission denied\n'))
        for call in (runner.stat, runner.exists, runner.get_optional):
            self.assertRaises(CommandFailed, call, '/x')

    def test_why_a_file_cannot_be_written(self):
        runner = machine(sh=Done(1, b'', b'dd: No space left\n'))
        error = self.assertRaises(BackendError, runner.put, '/x', b'secret')
        self.assertEqual('/x cannot be written: dd: No space left',
                         str(error))

    def test_content_is_not_among_the_words(self):
        runner = machine()
        runner.put('/x', b'secret', 0o600, (7, 8))
        self.assertEqual(['put', '/x', '6', '0600', '7:8'],
                         runner.ran[0][3:])
        self.assertEqual([b'secret'], runner.inputs)

    def test_a_root_of_the_same_machine(self):
        runner = machine()
        root = runner.as_root()
        root.run(['true'], input=b'x')
        root.close()
        self.assertEqual([['sudo', '-n', '--', 'true']], runner.ran)
        self.assertEqual(1, runner.closed)

    def test_one_method_makes_a_runner(self):
        class Least(Runner):
            def execute(self, argv, *, input=None, timeout_s=30.0):
                return Done(0, b'said')

        self.assertEqual('said', Least().run(['x']))
        self.assertFalse(Least.sudo)
