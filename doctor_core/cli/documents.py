"""Files that a command writes beside what it prints."""

from pathlib import Path

from doctor_core.exceptions import ConfigError


def check_writable(path: str) -> None:
    """Not after minutes of work, but before.

    :raises ConfigError: a file could not be written there.
    """
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise ConfigError(f'Cannot write {path}: there is no folder '
                          f'{folder}.')


def write(path: str, text: str) -> None:
    """Write a text in UTF-8.

    :raises ConfigError: it cannot be written.
    """
    try:
        Path(path).write_text(text, encoding='utf-8')
    except OSError as error:
        raise ConfigError(f'Cannot write {path}: {error.strerror}.') from None
