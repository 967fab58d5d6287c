"""Tests of bench/, which is no package of doctor_core."""

import sys
from pathlib import Path

import doctor_core

sys.path.insert(0, str(Path(doctor_core.__file__).parent.parent))
