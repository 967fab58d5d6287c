"""Those that take long, in a tox environment of their own: ``e2e-long``."""
