"""What must survive a crash; the only part that knows SQLAlchemy.

What is decided is written before it is done: a fault with every correction
that it calls for. A daemon that was killed finds both when it comes back, and
what a host's return has to reverse.
"""

from doctor_core.store.store import Store
from doctor_core.store.tables import (
    CLEARED,
    CLEARING,
    HANDLED,
    HANDLING,
    HELD,
    IGNORED,
    FaultRecord,
    Tally,
)

__all__ = ['CLEARED', 'CLEARING', 'HANDLED', 'HANDLING', 'HELD', 'IGNORED',
           'FaultRecord', 'Store', 'Tally']
