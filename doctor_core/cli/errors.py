"""How a command ends: exit codes, and errors in one line."""

import sys
from typing import Any

from doctor_core.exceptions import ConfigError, DoctorError
from doctor_core.model import Verdict

EXIT_FAILED = 1
EXIT_CONFIG = 2
EXIT_SKIPPED = 3
EXIT_INTERRUPTED = 130

EXIT_CODES = {Verdict.PASSED: 0, Verdict.FAILED: EXIT_FAILED,
              Verdict.SKIPPED: EXIT_SKIPPED}


class PlainErrors:
    """Mixed into a command: what Doctor raises on purpose is one line.

    Anything else is a bug, and keeps its traceback with ``--debug``.
    """

    app: Any

    def run(self, parsed_args: Any) -> int:
        try:
            return super().run(parsed_args)  # type: ignore[misc]
        except ConfigError as error:
            return self._fail(error, EXIT_CONFIG)
        except DoctorError as error:
            return self._fail(error, EXIT_FAILED)
        except KeyboardInterrupt:
            return self._fail('interrupted', EXIT_INTERRUPTED)
        except UnicodeEncodeError as error:
            # Of a command line, of which Python keeps what is not UTF-8.
            from doctor_core.wire.escaping import described
            return self._fail(f'{described(error.object)} is not written in '
                              'UTF-8.', EXIT_CONFIG)

    def _fail(self, error: object, status: int) -> int:
        # Only here: the libraries behind it take their time.
        from doctor_core.wire.escaping import one_line
        print(f'doctor: {one_line(error)}', file=sys.stderr)
        return status
