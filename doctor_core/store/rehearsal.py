"""The statements of a fault, before there is one.

Their first time costs the owners ten milliseconds otherwise.
"""

import dataclasses

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
from doctor_core.store.corrections import Corrections
from doctor_core.store.database import Database
from doctor_core.store.falls import Falls
from doctor_core.store.faults import Faults, Said
from doctor_core.store.tellings import Tellings


class _Over(Exception):  # noqa: N818 - nothing went wrong
    """Ends the rehearsal, and its transaction with it."""


def rehearse(database: Database, faults: Faults, falls: Falls,
             corrections: Corrections, tellings: Tellings) -> None:
    """Do what a fault calls for, in a transaction that is rolled back."""
    try:
        with database.begin():
            _act(faults, falls, corrections, tellings)
            raise _Over
    except (_Over, StoreError):
        # With a full disk it is slower, and owners are told all the same.
        pass


def _act(faults: Faults, falls: Falls, corrections: Corrections,
         tellings: Tellings) -> None:
    fault = Fault('', '', FaultStatus.DOWN, 0.0, 0.0, id='')
    one = Correction(Action.RESET_STATE, '', '', Mark.LOST)
    made = [one, dataclasses.replace(one, action=Action.FORCE_DOWN)]
    told = [Telling(Server(name, '', '', ''), News.LOST, '')
            for name in ('', '-')]
    faults.recall('')
    faults.said('', '', '')
    faults.open_of('')
    faults.last_of('')
    falls.since('', 0.0)
    faults.add(fault, '', FaultState.HANDLING)
    falls.add('', '', 0.0)
    faults.say('', '', '', Said(FaultStatus.DOWN))
    faults.remember('', '', '')
    corrections.owe('', made)
    tellings.owe('', told)
    corrections.move('', CorrectionState.ASKED, made)
    corrections.of('', CorrectionState.OWED, CorrectionState.ASKED)
    corrections.move('', CorrectionState.DONE, made, at=0.0)
    tellings.move('', TellingState.TOLD, told, at=0.0)
    tellings.prove('', [(one, [Delivered('', '', '', 0.0)]) for one in told])
    tellings.of('', TellingState.OWED)
