import dataclasses

import hypothesis
import testtools
from hypothesis import strategies as st

from doctor_core import fixtures as doubles
from doctor_core.exceptions import ConfigError
from doctor_core.monitors.probing import settings
from doctor_core.monitors.probing.profiles import PROFILES, Profile
from doctor_core.monitors.sample import SampleMonitor
from doctor_core.monitors.verdict import Change
from doctor_core.tests.unit import documented
from doctor_core.tests.unit.monitors.doubles import Lab

#: One moment between two probes is not the other.
_STEP_S = 0.0001


def lab(name, **hosts):
    """Hosts that are probed as a profile says."""
    timing = settings.timing(doubles.options(SampleMonitor, profile=name))
    policy = settings.verdicts(
        doubles.options(SampleMonitor, profile=name), timing)
    return Lab(timing=timing, policy=policy, **hosts), timing


class TestSilence(testtools.TestCase):

    def blackout(self, name, length_s, phase_s=0.0):
        """Let one of three hosts be silent, once.

        :returns: what was told, and after how many seconds.
        """
        cloud, timing = lab(name)
        cloud.run(1.0 + phase_s)
        cut_at = cloud.clock.at
        cloud.dead.add('h1')
        cloud.run(length_s)
        cloud.dead.clear()
        cloud.run(0.5)
        return [(name, change, at - cut_at)
                for at, name, change in cloud.told if change is Change.DOWN]

    @hypothesis.settings(max_examples=40)
    @hypothesis.given(st.sampled_from(['datacentre', 'cautious']),
                      st.floats(0.0, 1.0), st.floats(0.0, 0.3))
    def test_a_shorter_blackout_is_ridden_through(self, name, share,
                                                  phase_s):
        silence_s = PROFILES[name].silence_ms / 1000
        self.assertEqual([], self.blackout(
            name, share * (silence_s - _STEP_S), phase_s))

    @hypothesis.settings(max_examples=40)
    @hypothesis.given(st.sampled_from(sorted(PROFILES)),
                      st.floats(0.0, 0.3))
    def test_a_dead_host_is_lost_in_time(self, name, phase_s):
        profile = PROFILES[name]
        longest_s = (profile.interval_ms + profile.timeout_ms
                     + max(profile.silence_ms, profile.timeout_ms + 4)
                     ) / 1000
        (host, change, after_s), = self.blackout(name, 6.0, phase_s)
        self.assertEqual(('h1', Change.DOWN), (host, change))
        self.assertThat(after_s, testtools.matchers.LessThan(
            longest_s + _STEP_S))

    def test_an_answer_in_the_middle_begins_the_silence_anew(self):
        cloud, timing = lab('datacentre')
        cloud.run(1.0)
        cloud.wire.delay = lambda address, at: (
            0.0002 if address != 'h1' or at % 0.5 < 0.09 else None)
        cloud.run(5.0)
        self.assertEqual([], cloud.told)


class TestDocumented(testtools.TestCase):

    def test_the_page_has_the_figures(self):
        """An operator chooses by the page."""
        text = (
            documented.PAGES.parent / 'admin' / 'verdicts.rst').read_text()
        for field in dataclasses.fields(Profile):
            if field.name != 'purpose':
                self.assertThat(text, testtools.matchers.MatchesRegex(
                    rf'(?s).*\n``{field.name}`` +' + ' +'.join(
                        f'{getattr(PROFILES[name], field.name):g}' for name
                        in ('lab', 'datacentre', 'cautious')) + '\n'))


class TestFigures(testtools.TestCase):

    def timing(self, **values):
        return settings.timing(doubles.options(SampleMonitor, **values))

    def test_datacentre_unless_chosen_otherwise(self):
        self.assertEqual(self.timing(profile='datacentre'), self.timing())

    def test_verdicts_come_in_time_in_a_data_centre(self):
        timing = self.timing()
        self.assertLessEqual(
            timing.interval_s + max(timing.silences_s) + timing.timeout_s,
            0.75)
        self.assertLessEqual(
            timing.interval_s + min(timing.silences_s) + timing.timeout_s,
            0.45)

    def test_each_figure_can_be_set(self):
        timing = self.timing(
            profile='cautious', interval_ms=100.0, timeout_ms=10.0,
            silence_ms=0.0, confirm_probes=0, confirm_spacing_ms=2.0)
        self.assertEqual(
            settings.Timing(interval_s=0.1, timeout_s=0.01, confirm=0,
                            spacing_s=0.002, silences_s=(2.0,)), timing)

    def test_no_timeout_is_above_an_interval_that_was_set(self):
        self.assertEqual(0.02, self.timing(interval_ms=20.0).timeout_s)

    def test_a_timeout_above_the_interval_of_the_profile(self):
        error = self.assertRaises(ConfigError, self.timing, timeout_ms=80.0)
        self.assertIn('timeout_ms = 80 is above interval_ms = 75, which is '
                      'of profile = datacentre', str(error))
