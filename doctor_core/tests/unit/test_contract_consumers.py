"""Every consumer that is installed, held to what its kind promises."""

import testtools

from doctor_core import plugins
from doctor_core.tests.contract_consumers import ConsumerContract

#: Options without which a test cannot start it.
_VALUES = {'sample': {'port': 0}}


def load_tests(loader, tests, _pattern):
    """A test case for each plugin."""
    for name in plugins.names('consumers'):
        tests.addTests(loader.loadTestsFromTestCase(_case(name)))
    return tests


def _case(name):
    return type(f'{name.title()}ConsumerTest',
                (ConsumerContract, testtools.TestCase),
                {'plugin': plugins.load('consumers', name),
                 'values': _VALUES.get(name, {}),
                 '__module__': __name__})
