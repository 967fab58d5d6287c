"""Which URLs an alarm may name: those that an installed notifier serves."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from doctor_core import plugins
from doctor_core.exceptions import ConfigError


class Served(Protocol):
    """What is asked of a notifier's class."""

    for_administrators: bool

    def complaint(self, action: SplitResult) -> str:
        """Why nobody can be told at this URL; empty when one can."""


class Actions:
    """Looks an action over when an alarm is made, not when it goes off.

    :param notifiers: classes by scheme; all that are installed by default.
        One that cannot be loaded serves nobody.
    """

    def __init__(self, notifiers: Mapping[str, Served] | None = None) -> None:
        self._notifiers = _installed() if notifiers is None \
            else dict(notifiers)

    def complaint(self, url: str, is_admin: bool) -> str:
        """Why an alarm may not name a URL; empty when it may.

        :param is_admin: some schemes are for administrators only.
        """
        if not url.isprintable() or ' ' in url:
            return 'holds a space or a control character'
        try:
            action = urlsplit(url)
        except ValueError:
            return 'is not a URL'
        allowed = {scheme: notifier for scheme, notifier
                   in self._notifiers.items()
                   if is_admin or not notifier.for_administrators}
        notifier = allowed.get(action.scheme)
        if notifier is None:
            return (f'Unsupported action of the scheme {action.scheme} '
                    f'(possible: {", ".join(sorted(allowed)) or "none"})')
        return notifier.complaint(action)


def unserved(alarms: Iterable[Iterable[str]]) -> dict[str, int]:
    """How many alarms name a scheme that no notifier is installed for, by
    that scheme. Of one that is installed and broken others say so.

    :param alarms: the URLs that each names.
    """
    installed = set(plugins.names('notifiers'))
    counts = Counter(scheme for urls in alarms
                     for scheme in set(map(_scheme, urls)) - installed)
    return dict(sorted(counts.items()))


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:  # it was taken by another release
        return ''


def _installed() -> dict[str, Served]:
    found: dict[str, Served] = {}
    for scheme in plugins.names('notifiers'):
        try:
            found[scheme] = plugins.load('notifiers', scheme)
        except ConfigError:  # who delivers says so in the log
            continue
    return found
