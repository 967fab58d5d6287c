"""What every inspector has to do; for those of third parties as well.

Derive a test case from :class:`InspectorContract` and a
:class:`unittest.TestCase`, and name the plugin's class::

    class MineContractTest(InspectorContract, unittest.TestCase):
        plugin = MineInspector

One that cannot correct anything without a service of its own derives from
:class:`InspectorLifeContract`, and tests its corrections itself.
"""

import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from doctor_core import fixtures
from doctor_core.exceptions import CloudError
from doctor_core.inspectors.base import Inspector
from doctor_core.model import Action, Correction, Mark, Need, StateChange
from doctor_core.tests.contract_plugins import PluginContract


def lost(number: int) -> tuple[Correction, ...]:
    """What there is to correct of one lost host."""
    host, server = f'host-{number}', f'server-{number}'
    return (Correction(Action.FORCE_DOWN, f'service-{number}', host,
                       Mark.LOST, 'false'),
            Correction(Action.RESET_STATE, server, host, Mark.LOST,
                       'active', server),
            Correction(Action.DATA_PLANE_STATUS, f'port-{number}', host,
                       Mark.LOST, 'ACTIVE', server))


LOST = lost(1)


def calls(corrections: Sequence[Correction]) -> list[list[Correction]]:
    """As the framework has the corrections of a host made, as a rule: its
    compute service alone, and then the rest.
    """
    service = [one for one in corrections if one.action is Action.FORCE_DOWN]
    return [service, [one for one in corrections if one not in service]]


class InspectorLifeContract(PluginContract):
    """What an inspector has to do that is not asked to correct anything; to
    be mixed into a test case.

    * Its class has a docstring, whose first line ``doctor plugins`` shows.
    * Each of its options has a help text, and none is required.
    * ``stop()`` may be called without ``start()``, and twice.
    * ``undo()`` of one that was never started removes nothing.

    :cvar plugin: the inspector's class.
    :cvar values: options that a test cannot leave at their defaults.
    """

    base = Inspector
    plugin: ClassVar[type[Inspector]]

    def inspector(self: Any) -> Inspector:
        """One with ``values`` and the defaults of its other options, before
        a cloud in memory.
        """
        self.cloud = fixtures.Cloud()
        return self.plugin(fixtures.options(self.plugin, **self.values),
                           self.cloud)

    def test_it_says_what_it_is(self: Any) -> None:
        self.assertIsInstance(self.plugin.hands_over, bool)
        self.assertLessEqual(set(self.plugin.needs), set(Need))

    def test_it_stops_without_a_start_and_twice(self: Any) -> None:
        inspector = self.inspector()
        inspector.stop()
        inspector.stop()

    def test_there_is_nothing_to_undo_of_what_was_never_started(
            self: Any) -> None:
        inspector = self.inspector()
        self.assertEqual([], inspector.undo())
        self.assertEqual([], inspector.undo())


class InspectorContract(InspectorLifeContract):
    """What an inspector has to do, its corrections included.

    * ``correct()`` returns one outcome for each correction of the call, and
      calls ``done`` once with each. The compute service of a host comes in a
      call of its own, its servers and ports in another, as they do at work;
      and all of a host in one, as they may.
    * What the cloud refuses is an outcome with an error. It is not raised,
      and stops no other correction.
    * ``is_final`` of the cloud's outcomes is handed on as it is.
    * Several hosts are corrected at a time, by several threads.
    * One that says ``changes_nothing`` has an error in each outcome, and none
      that is final: nobody may believe that something was made.
    * ``release()`` of a host that it was never told of does nothing.
    * After ``stop()``, ``correct()`` returns outcomes, or raises
      ``CloudError``.

    :cvar asks_cloud: whether its corrections are made in the cloud that it
        is given. One that says no here may tell that all is well, whatever
        the cloud refuses.
    """

    asks_cloud: ClassVar[bool] = True

    def started(self: Any) -> Inspector:
        """One that works."""
        inspector = self.inspector()
        inspector.start()
        self.addCleanup(inspector.stop)
        return inspector

    def in_calls(self: Any, inspector: Inspector,
                 corrections: Sequence[Correction]) -> list[StateChange]:
        """The outcomes, of several calls."""
        return [change for call in calls(corrections) for change
                in inspector.correct(call, lambda change: None)]

    def check_outcomes(self: Any, inspector: Inspector,
                       corrections: Sequence[Correction]) -> None:
        """Each of a call has one outcome, told of once and returned."""
        told: list[StateChange] = []
        what = (f'This call had {[str(one.action) for one in corrections]}; '
                f'the rest of {corrections[0].host} comes in another, if '
                'there is any')
        try:
            changes = inspector.correct(corrections, told.append)
        except Exception as error:
            error.add_note(what)
            raise
        self.assertEqual(
            sorted(one.key for one in corrections),
            sorted(change.correction.key for change in changes),
            f'each correction of a call has one outcome. {what}')
        self.assertEqual(
            sorted((change.correction.key, change.done) for change in told),
            sorted((change.correction.key, change.done)
                   for change in changes),
            'done() is called once with each outcome that is returned')
        self.assertEqual({one.mark for one in corrections}, {
            change.correction.mark for change in changes})
        if self.plugin.changes_nothing:
            self.assertEqual([], [change for change in changes if change.done
                                  or change.is_final],
                             'it changes nothing, and says that it did')

    def test_nothing_to_correct(self: Any) -> None:
        self.assertEqual([], self.started().correct([], self.fail))

    def test_a_lost_host(self: Any) -> None:
        inspector = self.started()
        for call in calls(LOST):
            self.check_outcomes(inspector, call)

    def test_one_that_is_back(self: Any) -> None:
        inspector = self.started()
        for call in calls([one.back() for one in LOST]):
            self.check_outcomes(inspector, call)

    def test_all_of_a_host_in_one_call(self: Any) -> None:
        self.check_outcomes(self.started(), LOST)

    def test_what_the_cloud_refuses_is_an_outcome(self: Any) -> None:
        """It is never raised, and stops no other."""
        inspector = self.started()
        self.cloud.refused = {'server-1'}
        changes = self.in_calls(inspector, LOST)
        self.assertEqual(len(LOST), len(changes),
                         'each correction has an outcome')
        for change in changes:
            self.assertIsInstance(change.error, str, change)
        if self.asks_cloud:
            self.assertEqual(
                {'server-1'}, {change.correction.target_id
                               for change in changes if not change.done},
                'the target that the cloud refused is the one with an error')

    def test_what_is_refused_for_good_is_handed_on_as_such(self: Any
                                                           ) -> None:
        """Else it is tried again for ever; what may pass must be."""
        if self.plugin.changes_nothing:
            return
        inspector = self.started()
        for for_good in (True, False):
            self.cloud.finally_refused = {'server-1'} if for_good else set()
            self.cloud.refused = {'server-1'}
            self.assertEqual(
                {('server-1', for_good)} if self.asks_cloud else set(),
                {(change.correction.target_id, change.is_final)
                 for change in self.in_calls(inspector, LOST)
                 if not change.done},
                f'target and is_final of what failed; the cloud said that '
                f'is_final is {for_good}')

    def test_several_hosts_at_a_time(self: Any) -> None:
        inspector = self.started()
        hosts = [lost(number) for number in range(1, 5)]
        outcomes: dict[str, list[str]] = {}

        def correct(corrections: tuple[Correction, ...]) -> None:
            outcomes[corrections[0].host] = sorted(
                change.correction.target_id for change
                in self.in_calls(inspector, corrections))
        threads = [threading.Thread(target=correct, args=(corrections,))
                   for corrections in hosts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(
            {corrections[0].host: sorted(one.target_id for one in corrections)
             for corrections in hosts}, outcomes)

    def test_a_host_that_nobody_was_told_of_is_let_go(self: Any) -> None:
        inspector = self.started()
        inspector.release('host-9')
        self.assertEqual(len(LOST), len(self.in_calls(inspector, LOST)),
                         'it corrects other hosts still')

    def test_what_ends_is_said_with_a_cloud_error(self: Any) -> None:
        """The framework catches that, and nothing else."""
        inspector = self.started()
        inspector.stop()
        try:
            changes = self.in_calls(inspector, LOST)
        except CloudError:
            return
        self.assertEqual(len(LOST), len(changes))
