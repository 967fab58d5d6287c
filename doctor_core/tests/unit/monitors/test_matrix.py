import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core.exceptions import ConfigError
from doctor_core.monitors.matrix import Matrix, Meaning

NETWORKS = ('management', 'tenant', 'storage')
ROWS = ('management = ignore', 'tenant=degraded',
        'tenant + storage = down', 'default = degraded')


class TestMatrix(testtools.TestCase):

    def test_rows_and_default(self):
        matrix = Matrix(NETWORKS, ROWS)
        self.assertEqual(
            [Meaning.IGNORE, Meaning.IGNORE, Meaning.DEGRADED, Meaning.DOWN,
             Meaning.DEGRADED, Meaning.DOWN],
            [matrix.meaning(names) for names in (
                [], ['management'], ['tenant'], ['storage', 'tenant'],
                ['storage'], NETWORKS)])

    def test_without_rows_down_is_all_unreachable(self):
        matrix = Matrix(NETWORKS, [])
        self.assertIs(Meaning.DOWN, matrix.meaning(NETWORKS))
        self.assertIs(Meaning.DEGRADED, matrix.meaning(NETWORKS[:2]))

    def test_without_default_what_is_not_listed_is_down(self):
        self.assertIs(Meaning.DOWN, Matrix(
            NETWORKS, ['management = ignore']).meaning(['tenant']))

    @hypothesis.given(st.sets(st.sampled_from(NETWORKS)))
    def test_total(self, unreachable):
        self.assertIn(Matrix(NETWORKS, ROWS).meaning(unreachable), Meaning)

    def refused(self, *rows):
        return str(self.assertRaises(ConfigError, Matrix, NETWORKS, rows,
                                     '[monitor_sample] verdicts'))

    def test_wrong_rows_are_refused_and_shown(self):
        for row, why in (('tenant', 'is not'), ('tenant = dead', 'is not'),
                         ('fabric = down', "'fabric'"),
                         ('tenant + tenant = down', 'twice')):
            error = self.refused(row)
            self.assertIn(repr(row), error)
            self.assertIn(why, error)

    def test_the_same_combination_twice_is_refused(self):
        self.assertIn("'storage + tenant = down' repeats "
                      "'tenant + storage = ignore'",
                      self.refused('tenant + storage = ignore',
                                   'storage + tenant = down'))

    def test_milder_though_more_is_unreachable_is_refused(self):
        error = self.refused('tenant = down', 'tenant + storage = ignore',
                             'default = ignore')
        self.assertIn('"storage + tenant = ignore" contradicts that tenant '
                      'alone is down', error)

    def test_milder_than_the_default_of_a_part_is_refused(self):
        error = self.refused('tenant + storage = ignore', 'default = down')
        self.assertIn('contradicts', error)

    @hypothesis.given(st.lists(st.tuples(
        st.sets(st.sampled_from(NETWORKS), min_size=1),
        st.sampled_from(Meaning)), max_size=4), st.sampled_from(Meaning))
    def test_more_unreachable_is_never_better(self, rows, default):
        try:
            matrix = Matrix(NETWORKS, [
                f'{" + ".join(names)} = {meaning.name}'
                for names, meaning in rows] + [f'default = {default.name}'])
        except ConfigError:
            return
        combinations = [[name for bit, name in enumerate(NETWORKS)
                         if number >> bit & 1] for number in range(1, 8)]
        for less in combinations:
            for more in combinations:
                if set(less) <= set(more):
                    self.assertLessEqual(matrix.meaning(less),
                                         matrix.meaning(more))
