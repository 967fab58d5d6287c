import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.faults import groups
from doctor_core.faults.mass_failure import (
    MINUTE_S,
    Down,
    Group,
    Limits,
    judge,
    turns,
)
from doctor_core.model import Aggregate

LIMITS = Limits(share=0.3, hosts=3)


def down(*names, since=0.0, **facts):
    return [Down(name, since, **facts) for name in names]


def cloud(of, *groups):
    return [Group('', frozenset(f'h{index}' for index in range(of))),
            *groups]


def next_turn(limits, held, gone_through, now):
    return next(turns(limits, held, gone_through, now), None)


def judged(known, of=6, limits=LIMITS, groups=()):
    return judge(limits, known, 'new', cloud(of, *groups))


class LimitsTest(testtools.TestCase):
    def test_above_the_share(self):
        self.assertEqual(
            [False, False, True],
            [LIMITS.exceeded(count, of=10) for count in (2, 3, 4)])

    def test_few_hosts_are_never_many(self):
        self.assertEqual(
            [False, False, False, True],
            [LIMITS.exceeded(*counts)
             for counts in ((1, 1), (2, 2), (2, 3), (3, 3))])

    def test_share_of_zero_is_never(self):
        self.assertFalse(Limits(0.0, 2).exceeded(10, of=10))

    def test_share_of_one_is_never(self):
        self.assertFalse(Limits(1.0, 2).exceeded(10, of=10))


class JudgeTest(testtools.TestCase):
    def test_first_hosts_are_none(self):
        self.assertIsNone(judged([]))
        self.assertIsNone(judged(down('h0')))

    def test_one_too_many_begins_it(self):
        mass = judged(down('h0', 'h1'))
        self.assertEqual((3, 6, '', ('h0', 'h1'), True), (
            mass.down, mass.of, mass.group, mass.marked, mass.begins))

    def test_a_slow_cascade_is_one(self):
        """Each of them failed long after the one before."""
        known = [Down('h0', -7200.0), Down('h1', -3600.0)]
        self.assertEqual(3, judged(known).down)

    def test_host_that_falls_again_is_one(self):
        self.assertIsNone(judged(down('new', 'h1')))

    def test_what_an_operator_confirmed_counts_no_more(self):
        self.assertIsNone(judged(down('h0', 'h1', is_confirmed=True)))
        self.assertIsNotNone(judged(
            down('h0', is_confirmed=True) + down('h1', 'h2')))

    def test_goes_on_while_hosts_are_held(self):
        mass = judged(down('h0', 'h1')
                      + down('h2', is_held=True, is_mass=True))
        self.assertEqual((4, ('h0', 'h1'), False),
                         (mass.down, mass.marked, mass.begins))

    def test_begins_although_hosts_are_held_for_another_reason(self):
        mass = judged(down('h0') + down('h1', 'h2', is_held=True))
        self.assertEqual((4, ('h0',), True),
                         (mass.down, mass.marked, mass.begins))

    def test_a_host_that_nobody_knows_counts(self):
        mass = judged(down('x', 'y'), of=0)
        self.assertEqual((3, 3), (mass.down, mass.of))


class GroupTest(testtools.TestCase):
    RACK = Group('rack r1', frozenset({'h0', 'h1', 'new', 'h2'}))

    def test_too_many_of_a_rack(self):
        mass = judged(down('h0', 'h1'), of=100, groups=[self.RACK])
        self.assertEqual((3, 4, 'rack r1'), (mass.down, mass.of, mass.group))

    def test_hosts_of_other_racks_do_not_count(self):
        self.assertIsNone(judged(down('h0', 'h5', 'h6'), of=100,
                                 groups=[self.RACK]))

    def test_a_host_outside_of_it(self):
        rack = Group('rack r1', frozenset({'h0', 'h1', 'h2'}))
        self.assertIsNone(judged(down('h0', 'h1', 'h2'), of=100,
                                 groups=[rack]))


class NextTurnTest(testtools.TestCase):
    def turn(self, held, gone_through=(), now=0.0, budget=1):
        return next_turn(Limits(0.3, 3, budget), held, gone_through, now)

    def test_a_minute_after_it_was_held(self):
        self.assertEqual(('h0', 60.0), self.turn(down('h0', 'h1')))

    def test_no_more_than_the_budget_in_a_minute(self):
        self.assertEqual(('h1', 125.0), self.turn(
            down('h1', 'h2'), gone_through=[65.0], now=66.0))

    def test_as_many_as_the_budget_at_once(self):
        self.assertEqual(('h1', 66.0), self.turn(
            down('h1', 'h2'), gone_through=[65.0], now=66.0, budget=2))

    def test_a_second_witness_goes_first(self):
        held = down('h0') + down('h1', since=6.0, is_proved=True)
        self.assertEqual(('h0', 60.0), self.turn(held, now=3.0))
        self.assertEqual(('h1', 66.0), self.turn(held, now=66.0))

    def test_a_moment_later_it_goes_first_too(self):
        """Who fell silent a moment sooner was first."""
        held = down('h0') + down('h1', since=4.0, is_proved=True)
        self.assertEqual(('h1', 64.0), self.turn(held, now=3.0))

    def test_never(self):
        self.assertIsNone(self.turn(down('h0'), budget=0))
        self.assertIsNone(self.turn([]))


NAMES = [f'h{index}' for index in range(8)]
SOME_DOWN = st.lists(st.builds(
    Down, st.sampled_from(NAMES), st.floats(0, 200), st.booleans(),
    st.booleans(), st.booleans()), max_size=8, unique_by=lambda one: one.host)
SOME_LIMITS = st.builds(Limits, st.floats(0, 1), st.integers(2, 6),
                        st.integers(0, 4))
SOME_GROUPS = st.lists(st.frozensets(st.sampled_from([*NAMES, 'new'])),
                       max_size=3).map(
    lambda found: [Group(f'rack {index}', hosts)
                   for index, hosts in enumerate(found)])

SOME_AGGREGATES = st.lists(st.builds(
    Aggregate, st.text(max_size=3), st.lists(
        st.sampled_from([*NAMES, 'new', 'gone']), unique=True).map(tuple),
    st.sampled_from(['', 'z1', 'z2']), st.sampled_from(['', 'r1', 'r2'])),
    max_size=5)


class PropertyTest(testtools.TestCase):
    @given(SOME_LIMITS, SOME_DOWN, st.integers(1, 20), SOME_GROUPS)
    def test_never_fewer_than_the_least(self, limits, known, of, groups):
        mass = judged(known, of, limits, groups)
        if mass is not None:
            self.assertGreaterEqual(mass.down, limits.hosts)
            self.assertGreater(mass.down, limits.share * mass.of)

    @given(SOME_LIMITS, SOME_DOWN, st.integers(1, 20), SOME_GROUPS)
    def test_one_more_failure_never_ends_it(self, limits, known, of, groups):
        if judged(known, of, limits, groups) is not None:
            self.assertIsNotNone(judged([*known, Down('more', 0.0)], of,
                                        limits, groups))

    @given(SOME_LIMITS, SOME_DOWN, st.integers(1, 20), SOME_GROUPS)
    def test_a_group_never_makes_it_less_likely(self, limits, known, of,
                                                groups):
        if judged(known, of, limits) is not None:
            self.assertIsNotNone(judged(known, of, limits, groups))

    @given(SOME_LIMITS, st.integers(1, 20), st.permutations(NAMES))
    def test_no_more_than_the_limit_are_marked_down(self, limits, of, order):
        """However slowly hosts fail, the share is never passed."""
        known = []
        for host in order:
            mass = judge(limits, known, host, cloud(of))
            known.append(Down(host, 0.0, is_held=mass is not None))
        marked = [one for one in known if not one.is_held]
        self.assertFalse(limits.exceeded(len(marked), max(of, len(marked))))

    @given(SOME_LIMITS, st.permutations(NAMES), SOME_AGGREGATES,
           st.sets(st.sampled_from(NAMES)))
    def test_nor_of_any_group(self, limits, order, aggregates, confirmed):
        """Whatever an operator has confirmed does not count in it."""
        known, found = [], groups.of(NAMES, aggregates)
        for host in order:
            mass = judge(limits, known, host, found)
            known.append(Down(host, 0.0, is_held=mass is not None,
                              is_confirmed=host in confirmed))
        for group in found:
            marked = [one for one in known if not one.is_held
                      and not one.is_confirmed and group.may_have(one.host)]
            self.assertFalse(limits.exceeded(len(marked), len(group.hosts)))

    @given(SOME_LIMITS, SOME_DOWN, SOME_GROUPS, SOME_DOWN)
    def test_what_is_confirmed_changes_nothing(self, limits, known, found,
                                               more):
        names = {one.host for one in known}
        confirmed = [one._replace(is_confirmed=True) for one in more
                     if one.host not in names]
        before, after = (judged(hosts, 8, limits, found)
                         for hosts in (known, [*known, *confirmed]))
        self.assertEqual(before and (before.group, before.down),
                         after and (after.group, after.down))

    @given(SOME_LIMITS, SOME_DOWN, SOME_AGGREGATES)
    def test_what_nova_has_not_told_of_is_taken_for_the_worst(
            self, limits, known, aggregates):
        if judge(limits, known, 'new', groups.of([*NAMES, 'new'],
                                                 aggregates)) is not None:
            self.assertIsNotNone(judge(limits, known, 'new', groups.of(
                [*NAMES, 'new'], None)))

    @given(st.sets(st.sampled_from(NAMES)), SOME_AGGREGATES)
    def test_each_group_is_some_of_the_hosts(self, hosts, aggregates):
        cloud, *found = groups.of(hosts, aggregates)
        self.assertEqual(('', hosts), (cloud.name, set(cloud.hosts)))
        self.assertEqual(len(found), len({one.hosts for one in found}))
        for group in found:
            self.assertGreater(len(group.hosts), 1)
            if hosts:
                self.assertLess(group.hosts, hosts)

    @given(SOME_LIMITS, SOME_DOWN, st.lists(st.floats(-100, 0)))
    def test_turns_are_those_that_come_one_by_one(self, limits, held, gone):
        """What is said before is what comes true."""
        said, left, now = [*turns(limits, held, gone, 0.0)], held, 0.0
        for turn in said:
            self.assertEqual(turn, next_turn(limits, left, gone, now))
            gone, now = [*gone, turn.at], turn.at
            left = [one for one in left if one.host != turn.host]
        self.assertEqual(len(held) if limits.budget else 0, len(said))

    @given(SOME_LIMITS, SOME_DOWN)
    def test_all_go_through_and_never_too_many_in_a_minute(self, limits,
                                                           held):
        now, gone, left = 0.0, [], list(held)
        while left:
            turn = next_turn(limits, left, gone, now)
            if turn is None:
                self.assertEqual(0, limits.budget)
                return
            self.assertGreaterEqual(turn.at, now)
            now = turn.at
            since = next(one.since for one in left if one.host == turn.host)
            self.assertGreaterEqual(now, since + MINUTE_S)
            gone.append(now)
            left = [one for one in left if one.host != turn.host]
            self.assertLessEqual(
                sum(at + MINUTE_S > now for at in gone), limits.budget)
