"""The corroborator that asks a switch."""

import json
import urllib.parse
import urllib.request
from collections.abc import Sequence

from oslo_config import cfg

from doctor_core import clock
from doctor_core.corroborators.base import Corroborator
from doctor_core.exceptions import BackendError
from doctor_core.model import Host
from doctor_core.model.evidence import Evidence, EvidenceKind


class SwitchCorroborator(Corroborator):
    """Asks a switch whether the port of a silent host has a link."""

    @classmethod
    def get_opts(cls) -> list[cfg.Opt]:
        return [
            cfg.URIOpt('url', default='http://127.0.0.1:8181',
                       help='Where the switch tells of its ports.'),
            cfg.FloatOpt('timeout_s', default=2.0, min=0.1,
                         help='Seconds that an answer may take.')]

    def ask(self, host: Host, silent: Sequence[Host]) -> Evidence | None:
        url = f'{self.options.url}/ports/{urllib.parse.quote(host.name)}'
        # Who cannot be reached raises OSError, which says nothing.
        with urllib.request.urlopen(url, None, self.options.timeout_s) as port:
            content = port.read()
        try:
            link = json.loads(content)['link']
        except (ValueError, KeyError, TypeError) as error:
            raise BackendError(f'{url} says nothing of a link: '
                               f'{error}') from None
        if link != 'down':
            return None
        return Evidence(EvidenceKind.LINK_DOWN, 'switch', clock.now(),
                        'its port has no link')
