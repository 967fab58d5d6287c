"""Files that a command writes beside what it prints."""

import os
from pathlib import Path

from doctor_core.exceptions import ConfigError, DoctorError


def check_writable(path: str) -> None:
    """Not after minutes of work, but before.

    :raises ConfigError: a file could not be written there.
    """
    place = os.path.realpath(path)
    folder = os.path.dirname(place)
    if not os.path.isdir(folder):
        complaint = f'there is no folder {folder}'
    elif os.path.isdir(place):
        complaint = 'it is a folder'
    elif not os.access(place if os.path.exists(place) else folder, os.W_OK):
        complaint = 'you may not write there'
    else:
        return
    raise ConfigError(f'Cannot write {path}: {complaint}.')


def write(path: str, text: str) -> None:
    """Write a text in UTF-8.

    :raises DoctorError: it cannot be written; what it tells of is done.
    """
    try:
        Path(path).write_text(text, encoding='utf-8')
    except OSError as error:
        raise DoctorError(f'Cannot write {path}: {error.strerror}.') from None
