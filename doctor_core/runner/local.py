"""Commands and files of this machine."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from doctor_core.runner.base import TIMEOUT_S, Done, Runner, late


class LocalRunner(Runner):
    """This machine.

    :param environment: variables that its commands get beside those of this
        process. Here is the place for secrets: others cannot see them.
    """

    def __init__(self, *, sudo: bool = False,
                 environment: Mapping[str, str] | None = None) -> None:
        self.sudo = sudo
        self._environment = environment

    def execute(self, argv: Sequence[str], *, input: bytes | None = None,
                timeout_s: float = TIMEOUT_S) -> Done:
        try:
            done = subprocess.run(
                argv, capture_output=True, input=input or b'',
                timeout=timeout_s, check=False, env=self._whole())
        except subprocess.TimeoutExpired:
            raise late(argv, timeout_s, 'this machine') from None
        except OSError as error:
            return Done(127, errors=str(error).encode())
        return Done(done.returncode, done.stdout, done.stderr)

    def _whole(self) -> dict[str, str] | None:
        if self._environment is None:
            return None
        return {**os.environ, **self._environment}
