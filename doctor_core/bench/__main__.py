"""``python -m doctor_core.bench NAME [--json FILE]``."""

import importlib
import sys

#: Each has a ``main(argv) -> exit code``.
BENCHES = ('bed', 'detection', 'telling')


def main() -> int:
    """Run the bench that the command line names."""
    if len(sys.argv) < 2 or sys.argv[1] not in BENCHES:
        sys.stderr.write(
            f'usage: python -m doctor_core.bench {"|".join(BENCHES)} '
            '[--json FILE]\n')
        return 2
    module = importlib.import_module(f'doctor_core.bench.{sys.argv[1]}')
    return int(module.main(sys.argv[2:]))


if __name__ == '__main__':
    sys.exit(main())
