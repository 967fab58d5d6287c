"""``python -m doctor_core.cli``: the command where no script is on PATH."""

import sys

from doctor_core.cli.main import main

sys.exit(main())
