import asyncio

import testtools

from doctor_core.cloud.finding import Finding
from doctor_core.exceptions import BackendError, CloudError


class FindingTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.broken = {'b'}
        self.asked = []
        self.failed = {}

    async def ask(self, one):
        self.asked.append(one)
        if one == 'hangs':
            await asyncio.get_running_loop().create_future()
        if one in self.broken:
            raise CloudError(f'{one}: 500', recoverable=True)
        return one.upper()

    def some(self, *ids, patience_s=60.0):
        return asyncio.run(Finding(self.ask, patience_s).some(
            ids, self.failed.__setitem__))

    def test_one_that_fails_takes_away_no_other(self):
        """All others of its host stayed in error for as long."""
        self.assertEqual({'a': 'A', 'c': 'C'}, self.some('a', 'b', 'c'))
        self.assertEqual({'b': 'b: 500'}, {
            one: str(error) for one, error in self.failed.items()})

    def test_it_may_be_the_only_one(self):
        self.assertEqual({}, self.some('b'))
        self.assertEqual(['b'], list(self.failed))

    def test_another_that_does_not_answer_is_not_waited_for(self):
        self.assertEqual({'a': 'A'}, self.some(
            'a', 'b', 'hangs', patience_s=0.0))
        self.assertEqual({'b', 'hangs'}, set(self.failed))
        self.assertIn('b: 500', str(self.failed['hangs']))
        self.assertTrue(self.failed['hangs'].recoverable)

    def test_a_service_that_is_gone_is_not_asked_for_each(self):
        """One that hangs until its timeout would be waited for by each."""
        names = [f'n{number}' for number in range(20)]
        self.broken = set(names)
        self.assertEqual({}, self.some(*names, 'hangs'))
        self.assertEqual({*names, 'hangs'}, set(self.failed))

    def test_other_errors_of_what_is_outside(self):
        async def ask(one):
            raise BackendError('no token', recoverable=True)
        asyncio.run(Finding(ask, 60.0).some(['a'], self.failed.__setitem__))
        self.assertIsInstance(self.failed['a'], CloudError)
        self.assertTrue(self.failed['a'].recoverable)

    def test_a_defect_is_hidden_from_nobody(self):
        async def ask(one):
            raise KeyError(one)
        self.assertRaises(KeyError, asyncio.run, Finding(ask, 60.0).some(
            ['a'], self.failed.__setitem__))

    def test_all_of_them(self):
        self.assertEqual({'a': 'A'}, asyncio.run(
            Finding(self.ask, 60.0).all(['a'])))
        self.assertRaises(CloudError, asyncio.run, Finding(
            self.ask, 60.0).all(['a', 'b']))
