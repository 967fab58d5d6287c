"""A state file that is new, and signs that another one was lost. Pure."""

from collections.abc import Sequence

from doctor_core.wording import few


def warning(path: str, *, was_kept: bool, forced_down: Sequence[str]) -> str:
    """What to say at a start with a file in which there is nothing yet; empty
    where nothing tells it from the first start of all.

    :param path: of the file.
    :param was_kept: whether an inspector has worked with a file there.
    :param forced_down: the hosts that are forced down in Nova; nobody knows
        by whom.
    """
    if not was_kept and not forced_down:
        return ''
    return (f'State in {path} is new: no fault is known, and no alarm of an '
            'owner that was kept there.'
            + (' An inspector has worked with such a file there before.'
               if was_kept else '')
            + (f' Forced down in Nova, by whomever: {few(forced_down)}.'
               if forced_down else '')
            + ' If the file was lost, restore a copy of it, or have owners '
            'make their alarms anew and take hosts back with "doctor faults '
            'clear".')
