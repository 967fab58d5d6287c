"""Doctor's own user in Keystone, and where the catalogue has Doctor."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping

from doctor_core.cloud import Cloud
from doctor_core.exceptions import ConfigError
from doctor_core.installers.preparing.changes import Change
from doctor_core.installers.preparing.keystone_parts import (
    MARKED,
    Keystone,
    Wish,
)
from doctor_core.installers.settings import Settings
from doctor_core.runner import LocalRunner, Runner

_RECORD = 'service-user.json'


def wish(settings: Settings) -> Wish:
    """Who [installer] says that Doctor is to be.

    :raises ConfigError: it is not said where Doctor is reached.
    """
    if not settings.service_url:
        raise ConfigError('Set [installer] service_url: where clients reach '
                          'the inspector\'s API, as its URL.')
    return Wish(settings.service_user, settings.service_project,
                settings.service_password, settings.service_url,
                settings.state_path)


class ServiceUser(Change):
    """The user, its role, the service in the catalogue and its endpoints.

    What is there already is used and left. All methods block, and raise
    CloudError when Keystone does not answer or refuses.

    :param open_cloud: of an administrator; closed after each use.
    :param runner: of this machine.
    """

    name = 'the service user in Keystone'

    def __init__(self, wanted: Wish, open_cloud: Callable[[], Cloud],
                 runner: Runner | None = None) -> None:
        self._wish = wanted
        self._open = open_cloud
        self._runner = runner or LocalRunner()
        #: What this object has made; None before it was asked to.
        self._made: set[str] | None = None

    def is_applied(self) -> bool:
        with self._keystone() as keystone:
            return all(part.find() for part in keystone.parts())

    def plan(self) -> str:
        with self._keystone() as keystone:
            return ''.join(f'+ {part.words}\n' for part in keystone.parts()
                           if not part.find())

    def apply(self) -> bool:
        record = self._read()
        self._made = self._made or set()
        with self._keystone() as keystone:
            for part in keystone.parts():
                if part.find():
                    continue
                self._made.add(part.key)
                record.setdefault(part.key, '')
                self._write(record)
                record[part.key] = part.make()
                self._write(record)
        return False

    def is_recorded(self) -> bool:
        return bool(self._read())

    def undo(self) -> bool:
        record = self._read()
        mine = [key for key in record
                if self._made is None or key in self._made]
        with self._keystone() as keystone:
            for part in reversed(keystone.parts()):
                if part.key in mine:
                    # Of what was interrupted, only the name is known.
                    found = record.pop(part.key) or keystone.own(part)
                elif part.key in MARKED and self._made is None:
                    # Perhaps made from another machine.
                    found = keystone.own(part)
                else:
                    continue
                if found:
                    part.delete(found)
                if part.key == 'user':
                    self._runner.remove(self._wish.clouds_file)
                self._write(record)
        return False

    @contextlib.contextmanager
    def _keystone(self) -> Iterator[Keystone]:
        with contextlib.closing(self._open()) as cloud:
            yield Keystone(cloud, self._wish, self._runner)

    def _path(self) -> str:
        return os.path.join(self._wish.folder, _RECORD)

    def _read(self) -> dict[str, str]:
        """What was made: the id of each, empty where nobody knows."""
        text = self._runner.get_optional(self._path())
        try:
            return dict(json.loads(text)) if text else {}
        except (ValueError, TypeError) as error:
            raise ConfigError(f'{self._path()} is not what Doctor wrote: '
                              f'{error}') from None

    def _write(self, record: Mapping[str, str]) -> None:
        if record:
            self._runner.mkdir(self._wish.folder)
            self._runner.put(self._path(), json.dumps(record).encode(),
                             mode=0o600)
        else:
            self._runner.remove(self._path())
