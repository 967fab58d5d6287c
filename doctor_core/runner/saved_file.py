"""A file that is replaced for a while."""

from doctor_core.runner.base import Runner


class SavedFile:
    """A file on a machine that is replaced for a while.

    What was there is kept beside it, also when whoever replaced it dies
    before putting it back: the next one puts back the same.

    :param path: the file; who runs commands there may write in its folder.
    """

    def __init__(self, runner: Runner, path: str) -> None:
        self._runner = runner
        self.path = path
        self._saved = f'{path}.doctor-saved'
        self._absent = f'{path}.doctor-absent'

    def replace(self, content: bytes, mode: int = 0o644) -> None:
        """Keep what is there, and put this into its place.

        :raises BackendError: nothing has changed.
        """
        if not (self._exists(self._saved) or self._exists(self._absent)):
            if self._exists(self.path):
                self._runner.run(['cp', '-p', self.path,
                                  f'{self._saved}.new'])
                self._runner.run(['mv', '-f', f'{self._saved}.new',
                                  self._saved])
            else:
                self._runner.put(self._absent, b'')
        self._runner.put(self.path, content, mode)

    def restore(self) -> None:
        """Put back what was there; nothing when nothing was replaced.

        :raises BackendError: it could not be done, and may be tried again.
        """
        if self._exists(self._saved):
            self._runner.run(['mv', '-f', self._saved, self.path])
        elif self._exists(self._absent):
            self._runner.run(['rm', '-f', self.path, self._absent])

    def _exists(self, path: str) -> bool:
        return self._runner.succeeds(['test', '-e', path])
