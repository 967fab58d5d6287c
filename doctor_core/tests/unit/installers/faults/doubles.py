"""Options, a clock and a machine for the ways to make hosts fail."""

from oslo_config import cfg

from doctor_core.exceptions import BackendError
from doctor_core.installers import faults
from doctor_core.runner import Done, Runner

EPOCH = 1795330000.0


def options(**values):
    """The group of an installer."""
    conf = cfg.ConfigOpts()
    conf.register_opts(faults.fault_opts(), group='installer_x')
    conf([], default_config_files=[])
    for name, value in values.items():
        conf.set_override(name, value, group='installer_x')
    return conf.installer_x


def settings(kind, **values):
    """What a way reads of them."""
    return kind.of(options(**values))


class FakeClock:
    """Stands still, unless somebody sleeps or moves it."""

    def __init__(self):
        self.passed_s = 0.0

    def now(self):
        return EPOCH + self.passed_s

    def monotonic(self):
        return self.passed_s

    def sleep(self, seconds):
        self.passed_s += seconds


class Machine(Runner):
    """Answers commands by their first words.

    :ivar ran: all that were given.
    :ivar answers: what is said, by the beginning of the command; a Done, a
        text, or an exception.
    :ivar ahead_s: how far its clock is ahead.
    :ivar away: how often it cannot be reached before it can.
    :ivar took_s: how long a command takes.
    """

    def __init__(self, clock, answers=None, *, ahead_s=0.0, away=0,
                 took_s=0.0):
        self.ran = []
        self.inputs = []
        self.answers = dict(answers or {})
        self.ahead_s = ahead_s
        self.away = away
        self.took_s = took_s
        self.closed = 0
        self._clock = clock

    def execute(self, argv, *, input=None, timeout_s=30.0):
        if self.away:
            self.away -= 1
            raise BackendError('away', recoverable=True)
        self.ran.append(list(argv))
        self.inputs.append(input)
        self._clock.passed_s += self.took_s / 2
        try:
            return self._answer(' '.join(argv))
        finally:
            self._clock.passed_s += self.took_s / 2

    def _answer(self, line):
        if line == 'date +%s.%N':
            return Done(0, f'{self._clock.now() + self.ahead_s:f}'.encode())
        for begin, answer in self.answers.items():
            if line.startswith(begin):
                if isinstance(answer, Exception):
                    raise answer
                return answer if isinstance(answer, Done) \
                    else Done(0, answer.encode())
        return Done(0)

    def close(self):
        self.closed += 1

    def said(self, begin):
        """The commands that begin so."""
        return [argv for argv in self.ran
                if ' '.join(argv).startswith(begin)]
