"""Edits of configuration files, as functions from text to text.

An edit changes the lines that it has to change and no others; text that is
right already comes back as it is, character for character. What it is given
is what the service reads, line ends as they are in the file; nothing blocks.
"""

from collections.abc import Callable

from doctor_core.exceptions import ConfigError

#: From what a service reads to what it has to read.
#:
#: :raises NotEditable: the text is not what such a file holds.
Edit = Callable[[str], str]


class NotEditable(ConfigError):
    """A file that holds something else than it should, or says it in a way
    that cannot be changed without touching the rest. It is left alone.
    """


def together(*edits: Edit) -> Edit:
    """All of them, one after the other."""
    def edit(text: str) -> str:
        for one in edits:
            text = one(text)
        return text
    return edit
