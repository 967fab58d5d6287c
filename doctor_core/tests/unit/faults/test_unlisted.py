"""Servers that were known and are not listed."""

import testtools

from doctor_core.faults import unlisted
from doctor_core.model import Server


def servers(host, *ids, **changes):
    return [Server(one, one, 'p', host, **changes) for one in ids]


class AskedTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.rounds = []

    def asked(self, known, listed, records):
        def find(ids):
            self.rounds.append(list(ids))
            return {one: records[one] for one in ids if one in records}
        return unlisted.asked(known, {one.id: one for one in listed}, find)

    def test_nobody_is_asked_when_nothing_is_missing(self):
        known = servers('h0', 's0')
        self.assertEqual(({}, frozenset(), set()),
                         self.asked(known, known, {}))
        self.assertEqual([], self.rounds)

    def test_one_of_a_large_host_is_asked_for(self):
        known = servers('h0', 's0', 's1', 's2')
        missed = self.asked(known, [], {'s0': known[0]})
        self.assertEqual(({'s0': known[0]}, {'s1', 's2'}, {'h0'}), missed)
        self.assertEqual([['s0']], self.rounds)

    def test_the_others_when_that_is_gone(self):
        known = servers('h0', 's0', 's1')
        missed = self.asked(known, [], {'s0': None, 's1': known[1]})
        self.assertEqual(({'s1': known[1]}, set(), {'h0'}), missed)
        self.assertEqual([['s0'], ['s1']], self.rounds)

    def test_all_are_gone(self):
        known = servers('h0', 's0', 's1')
        self.assertEqual(({}, set(), set()), self.asked(
            known, [], {'s0': None, 's1': None}))

    def test_one_is_elsewhere_by_its_own_record(self):
        known, there = servers('h0', 's0'), servers('h1', 's0')[0]
        self.assertEqual(({'s0': there}, set(), set()),
                         self.asked(known, [], {'s0': there}))

    def test_nobody_tells(self):
        known = servers('h0', 's0', 's1')
        self.assertEqual(({}, {'s0', 's1'}, {'h0'}),
                         self.asked(known, [], {}))

    def test_all_that_are_missing_of_a_host_that_is_listed(self):
        known = servers('h0', 's0', 's1', 's2')
        self.assertEqual(({'s1': known[1]}, {'s2'}, set()), self.asked(
            known, known[:1], {'s1': known[1]}))
        self.assertEqual([['s1', 's2']], self.rounds)

    def test_on_no_host(self):
        self.assertEqual(({}, set(), set()),
                         self.asked(servers('', 's0'), [], {}))

    def test_deleted_softly(self):
        gone, = servers('h0', 's0', state='soft-delete')
        self.assertEqual(({}, set(), set()),
                         self.asked([gone], [], {'s0': gone}))
