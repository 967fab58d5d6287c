"""What every corroborator has to hold, for whoever writes one.

Mix it with a test case; :mod:`doctor_core.fixtures` has it, too::

    class SwitchTest(CorroboratorContract, testtools.TestCase):
        plugin = SwitchCorroborator

One whose peer a test can play derives from :class:`EvidenceContract`. Nothing
here waits for time to pass: what has to happen is waited for, up to
``WAIT_S`` seconds.
"""

import threading
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from doctor_core import clock, fixtures, wire
from doctor_core.corroborators.base import Corroborator
from doctor_core.exceptions import DoctorError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence, EvidenceKind, Weight
from doctor_core.tests.contract_plugins import PluginContract

WAIT_S = 20
#: After so many seconds one that does not end is left.
END_S = 5
_STRANGER = Host('no-such-host.invalid')


class CorroboratorContract(PluginContract):
    """What holds of a corroborator that was not started; to be mixed into a
    test case.

    * It derives from ``Corroborator`` and is not abstract; the first line of
      its docstring is a sentence.
    * Each of its options has a help text.
    * It is made of its options, ``found`` and ``cloud`` alone, and asks and
      tells nobody until it is started.
    * ``stop()`` may be called without ``start()``, and twice.

    :cvar plugin: the corroborator's class.
    :cvar values: options that a test cannot leave at their defaults.
    """

    base = Corroborator
    plugin: ClassVar[type[Corroborator]]

    def cloud(self: Any) -> Any:
        """The cloud that it is handed: one that knows nothing."""
        return fixtures.Cloud()

    def make(self: Any) -> Corroborator:
        """A new corroborator; it is stopped at the end of the test.

        ``self.told`` has what it tells without having been asked, and
        ``self.asked_cloud`` whether it wanted a cloud.
        """
        self.told: list[tuple[str, Evidence]] = []
        self.asked_cloud = False

        def cloud() -> Any:
            self.asked_cloud = True
            return self.cloud()
        corroborator = self.plugin(
            fixtures.options(self.plugin, **self.values),
            lambda *told: self.told.append(told), cloud)
        self.addCleanup(corroborator.stop)
        return corroborator

    def test_is_made_and_asks_nobody(self: Any) -> None:
        self.make()
        self.assertEqual((False, []), (self.asked_cloud, self.told),
                         'it asked, or told, before it was started')

    def test_stop_before_start_and_twice(self: Any) -> None:
        corroborator = self.make()
        corroborator.stop()
        corroborator.stop()


class EvidenceContract(CorroboratorContract):
    """What holds of a corroborator that is asked.

    * Of a host of which it knows nothing it says ``None``, or raises
      ``BackendError`` or ``OSError``.
    * What is there to be known of a host it says: evidence of a kind that it
      names in ``kinds``, with its source and the time.
    * That is of this host and of no other.
    * It may be asked about several hosts at a time, and about hosts that came
      with ``update()``.
    * After ``stop()`` it tells nothing more. ``stop()`` may be called while
      it is asked, and returns soon.

    The deriving class says in ``show`` how there is something to be known.

    :cvar hosts: two at least.
    :cvar kinds: what it may find.
    """

    hosts: Sequence[Host] = ()
    kinds: Collection[EvidenceKind] = ()

    def show(self: Any, host: Host) -> None:
        """Have there be something to be known of a host of ``hosts``; called
        again, something new.
        """
        raise NotImplementedError

    # What the tests use.

    def begin(self: Any, hosts: Sequence[Host] = ()) -> Corroborator:
        """A corroborator that was started, and asked about each host."""
        corroborator = self.make()
        corroborator.start(list(hosts or self.hosts))
        for host in hosts or self.hosts:
            self.ask(corroborator, host)
        return corroborator

    def ask(self: Any, corroborator: Corroborator, host: Host
            ) -> Evidence | None:
        """What it knows of a host, whose others are silent as well."""
        others = [one for one in self.hosts if one != host]
        try:
            return corroborator.ask(host, others)
        except (DoctorError, OSError):
            return None

    def learn(self: Any, corroborator: Corroborator, host: Host) -> Evidence:
        """What it says of a host, asked or not, once there is something."""
        def look() -> Evidence | None:
            told = [one for name, one in self.told if name == host.name]
            return told[0] if told else self.ask(corroborator, host)
        return clock.wait_for(look, clock.Deadline(WAIT_S),
                              what=f'evidence of {host.name}')

    def test_knows_nothing_at_first(self: Any) -> None:
        corroborator = self.begin()
        for host in (*self.hosts, _STRANGER):
            self.assertIsNone(self.ask(corroborator, host), host.name)
        self.assertEqual([], self.told)

    def test_says_what_there_is_to_be_known(self: Any) -> None:
        began_at = clock.now()
        corroborator = self.begin()
        self.show(self.hosts[0])
        evidence = self.learn(corroborator, self.hosts[0])
        self.assertIsInstance(evidence, Evidence)
        self.assertIn(evidence.kind, self.kinds)
        self.assertIsNot(Weight.SILENT, evidence.kind.weight,
                         f'{evidence.kind} says neither that it lives nor '
                         'that it is dead')
        self.assertTrue(began_at - 1.0 <= evidence.at <= clock.now() + 1.0,
                        f'{evidence}: at is not while it was asked')

    def test_what_it_says_is_read_at_the_other_end(self: Any) -> None:
        corroborator = self.begin()
        self.show(self.hosts[0])
        evidence = self.learn(corroborator, self.hosts[0])
        remarks: list[str] = []
        self.assertEqual(
            ((evidence,), []),
            (wire.evidence.read(wire.evidence.to_json([evidence]), 'evidence',
                                evidence.at, remarks), remarks))

    def test_what_it_says_is_of_one_host(self: Any) -> None:
        corroborator = self.begin()
        self.show(self.hosts[0])
        self.learn(corroborator, self.hosts[0])
        for host in self.hosts[1:]:
            self.assertIsNone(self.ask(corroborator, host), host.name)
        self.assertEqual(set(), {name for name, _one in self.told}
                         - {self.hosts[0].name})

    def test_is_asked_about_several_at_a_time(self: Any) -> None:
        corroborator = self.begin()
        learnt: list[Evidence] = []
        for host in self.hosts:
            self.show(host)
        threads = [threading.Thread(
            target=lambda host=host: learnt.append(
                self.learn(corroborator, host)), daemon=True)
            for host in self.hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        self.assertEqual(len(self.hosts), len(learnt))

    def test_the_next_silence_is_another_one(self: Any) -> None:
        corroborator = self.begin()
        self.show(self.hosts[0])
        self.learn(corroborator, self.hosts[0])
        corroborator.forget(self.hosts[0])
        self.ask(corroborator, self.hosts[0])
        self.show(self.hosts[0])
        self.learn(corroborator, self.hosts[0])

    def test_hosts_come_and_go(self: Any) -> None:
        corroborator = self.begin(self.hosts[:1])
        corroborator.update(list(self.hosts[1:]))
        self.ask(corroborator, self.hosts[1])
        self.show(self.hosts[1])
        self.learn(corroborator, self.hosts[1])

    def test_ends_soon_though_it_is_asked(self: Any) -> None:
        corroborator = self.begin()
        going = threading.Event()

        def ask() -> None:
            while not going.is_set():
                self.ask(corroborator, self.hosts[0])
        self.addCleanup(going.set)
        threading.Thread(target=ask, daemon=True).start()
        began_at = clock.monotonic()
        corroborator.stop()
        self.assertLess(clock.monotonic() - began_at, END_S)

    def test_tells_nothing_after_stop(self: Any) -> None:
        """A second one shows that there was time to tell of it."""
        stopped = self.begin()
        stopped.stop()
        told = self.told
        second = self.begin()
        self.show(self.hosts[0])
        self.learn(second, self.hosts[0])
        self.assertEqual([], told)
