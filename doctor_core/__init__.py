"""Fault management and maintenance for OpenStack."""


def __getattr__(name: str) -> str:
    # Read on demand: finding a distribution's metadata costs more than
    # everything else that ``doctor --help`` imports from here.
    if name == '__version__':
        import importlib.metadata
        return importlib.metadata.version('doctor-core')
    raise AttributeError(name)
