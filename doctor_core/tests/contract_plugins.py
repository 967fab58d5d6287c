"""What holds of a plugin of any kind: the contract of each kind begins so."""

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar


class PluginContract:
    """What the class of a plugin has to be; to be mixed into a test case.

    * It derives from the base class of its kind and is not abstract.
    * The first line of its docstring, which ``doctor plugins`` shows, is a
      sentence.
    * Each of its options has a help text and a name of its own, none is
      required, and one that holds a password is secret.

    :cvar base: the base class of its kind.
    :cvar plugin: the plugin's class.
    :cvar values: options that a test cannot leave at their defaults.
    """

    base: ClassVar[type]
    plugin: ClassVar[Any]
    values: ClassVar[Mapping[str, Any]] = {}

    def test_it_is_of_its_kind_and_lacks_nothing(self: Any) -> None:
        self.assertTrue(issubclass(self.plugin, self.base))
        self.assertFalse(inspect.isabstract(self.plugin),
                         f'{self.plugin} lacks a method')

    def test_it_has_a_summary(self: Any) -> None:
        summary = (self.plugin.__doc__ or '').strip().partition('\n')[0]
        self.assertTrue(summary.endswith(('.', '?')),
                        f'{self.plugin}: the first line of its docstring is '
                        f'no sentence: {summary!r}')

    def test_its_options_are_explained_and_need_no_value(self: Any) -> None:
        options = self.plugin.get_opts()
        for option in options:
            self.assertTrue(option.help, f'{option.name} has no help')
            self.assertFalse(option.required, f'{option.name} is required')
        self.assertEqual(len(options), len({one.dest for one in options}),
                         'two options have one name')

    def test_its_passwords_are_secret(self: Any) -> None:
        open_ones = [
            option.name for option in self.plugin.get_opts()
            if 'password' in option.name and not option.secret]
        self.assertEqual([], open_ones,
                         'they would stand in the log of a daemon: declare '
                         'these options with secret=True')
