"""The statements of a fault, before there is one.

Their first time costs the owners ten milliseconds otherwise.
"""

import dataclasses
from typing import TYPE_CHECKING

from doctor_core.exceptions import StoreError
from doctor_core.model import (
    Action,
    Correction,
    Delivered,
    Fault,
    FaultStatus,
    Mark,
    News,
    Server,
    Telling,
)
from doctor_core.model.states import CorrectionState, FaultState, TellingState
from doctor_core.store.faults import Said
from doctor_core.store.losses import Loss

if TYPE_CHECKING:
    from doctor_core.store import Store


class _Over(Exception):  # noqa: N818 - nothing went wrong
    """Ends the rehearsal, and its transaction with it."""


def rehearse(store: 'Store') -> None:
    """Do what a fault calls for, in a transaction that is rolled back."""
    try:
        with store.together():
            _take_in(store)
            _act(store)
            raise _Over
    except (_Over, StoreError):
        # With a full disk it is slower, and owners are told all the same.
        pass


def _take_in(store: 'Store') -> None:
    """A report is read, and a fault remembered."""
    faults = store.faults
    faults.recall('')
    faults.said('', '', '')
    faults.open_of('')
    faults.last_of('')
    store.falls.down('')
    faults.add(Fault('', '', FaultStatus.DOWN, 0.0, 0.0, id=''), '',
               FaultState.HANDLING)
    store.falls.add('', '', 0.0)
    faults.say('', '', '', Said(FaultStatus.DOWN))
    faults.remember('', '', '')
    faults.find('')
    store.losses.keep('', Loss('', None, 0.0))


def _act(store: 'Store') -> None:
    """Owners are told, and what is wrong is corrected."""
    one = Correction(Action.RESET_STATE, '', '', Mark.LOST)
    told = Telling(Server('', '', '', ''), News.LOST, '')
    other = dataclasses.replace(told, server=Server('-', '', '', ''))
    # A statement of one row is another one than that of several.
    _tell(store, [told, other])
    _tell(store, [told])
    _correct(store, [one, dataclasses.replace(one, target_id='-')])
    _correct(store, [dataclasses.replace(one, action=Action.FORCE_DOWN)])
    store.alarms.save({'': {}, '-': {}})
    store.faults.move('', FaultState.HANDLED, note='')


def _tell(store: 'Store', told: list[Telling]) -> None:
    tellings = store.tellings
    tellings.owe('', told)
    tellings.keys_owed('')
    tellings.keys_owed('', '-')
    tellings.servers('')
    tellings.move('', TellingState.TOLD, told, at=0.0)
    store.evidence.kinds([''])
    tellings.prove('', [(one, [Delivered('', '', '', 0.0)]) for one in told])
    tellings.of('')
    tellings.of('', TellingState.OWED)


def _correct(store: 'Store', made: list[Correction]) -> None:
    corrections = store.corrections
    corrections.owe('', made)
    corrections.move('', CorrectionState.ASKED, made)
    corrections.move('', CorrectionState.DONE, made, at=0.0)
    corrections.of('')
    corrections.of('', CorrectionState.OWED, CorrectionState.ASKED)
