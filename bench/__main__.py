"""``python -m bench NAME ...``; ``--help`` helps, also after a name."""

import argparse
import importlib
import sys

#: Each has a ``main(argv) -> exit code``.
BENCHES = {
    'bed': 'Doctor and who else there is on a genuine OpenStack',
    'calm': 'what each profile takes for a lost host, and should not',
    'detection': 'how fast a lost host is detected, and how dearly',
    'telling': 'how fast owners are told in the embedded cloud',
}


def main() -> int:
    """Run the bench that the command line names."""
    parser = argparse.ArgumentParser(
        prog='python -m bench', usage='%(prog)s NAME ...',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Measurements; not a test.\n\n' + '\n'.join(
            f'{name:<11}{words}' for name, words in BENCHES.items()),
        epilog='NAME --help tells the options of each.')
    parser.add_argument('name', choices=BENCHES, metavar='NAME',
                        help='what is measured')
    name = parser.parse_args(sys.argv[1:2]).name
    return int(importlib.import_module(f'bench.{name}').main(sys.argv[2:]))


if __name__ == '__main__':
    sys.exit(main())
