"""All parts that follow a fault, put together."""

import threading
from collections.abc import Callable, Collection

from doctor_core import clock
from doctor_core.alarms.base import AlarmManager
from doctor_core.cloud import Cloud
from doctor_core.faults.affected import AffectedMap
from doctor_core.faults.again import Again
from doctor_core.faults.answer import Answer
from doctor_core.faults.confirmation import Confirmation
from doctor_core.faults.correcting import Correcting
from doctor_core.faults.flapping import Flapping
from doctor_core.faults.groups import Groups
from doctor_core.faults.guarded import GuardedInspector
from doctor_core.faults.handler import FaultHandler
from doctor_core.faults.holders import Holders
from doctor_core.faults.holding import Holding
from doctor_core.faults.last_words import LastWords
from doctor_core.faults.lifting import Lifting
from doctor_core.faults.losing import Losing
from doctor_core.faults.losses_first import LossesFirst
from doctor_core.faults.meanwhile import Meanwhile
from doctor_core.faults.owed import OwedLoop
from doctor_core.faults.pursuit import Pursuit
from doctor_core.faults.raising import Raising
from doctor_core.faults.reports import Reading
from doctor_core.faults.returning import Returning
from doctor_core.faults.settings import Settings
from doctor_core.faults.silence import Silence
from doctor_core.faults.strays import Strays
from doctor_core.faults.telling import Teller
from doctor_core.inspectors.base import Inspector
from doctor_core.model import Checkpoint
from doctor_core.model.states import DOWN
from doctor_core.store import Store


class Engine:
    """The life of faults, from reports to told owners and a right cloud.

    :param settings: what an operator decides; asked anew each time.
    :param own_monitors: the sources that are Doctor's own monitors.
    :param checkpoint: takes the stamps of the profiler; never blocks.
    :param answered: told what became of a fault that was gone on with.
    :param monotonic: the time, in seconds, since this machine was booted.
    :param now: the time, in seconds since the epoch, by a clock that may
        step.
    :param settled: told what became of a report that waited, by its id.
    :ivar handler: takes reports.
    :ivar affected: what is on which host.
    :ivar holding: who decides in a mass failure.
    :ivar losses_first: lets others wait while losses are to be decided.
    :ivar owed: the loop for what is owed.
    :ivar meanwhile: tells owners before that, while Nova does not answer.
    :ivar lifting: takes hosts back of which no fault is known.
    """

    def __init__(self, settings: Callable[[], Settings], cloud: Cloud,
                 store: Store, inspector: Inspector, alarms: AlarmManager,
                 own_monitors: Collection[str],
                 checkpoint: Callable[[Checkpoint], None],
                 answered: Callable[[Answer], None] = lambda answer: None,
                 monotonic: Callable[[], float] = clock.monotonic,
                 now: Callable[[], float] = clock.now,
                 settled: Callable[[str, Answer], None] = lambda one, now:
                 None) -> None:
        self.stopping = threading.Event()
        self.affected = AffectedMap(
            cloud, with_ports=lambda: settings().with_ports,
            stopping=self.stopping, monotonic=monotonic)
        teller = Teller(alarms, store, checkpoint, self.stopping, monotonic)
        guarded = GuardedInspector(inspector, self.stopping)
        correcting = Correcting(guarded, cloud, self.affected, store,
                                checkpoint, monotonic)
        self.confirmation = Confirmation(alarms, store, monotonic, now)
        silence = Silence(settings, self.affected, monotonic)
        strays = Strays(self.affected, correcting, teller, store,
                        hears_nova=alarms.hears_nova)
        last_words = LastWords(store)
        losing = Losing(settings, self.affected, correcting, teller, alarms,
                        store, strays, last_words,
                        Again(self.affected, store, monotonic),
                        self.stopping)
        returning = Returning(settings, self.affected, guarded, correcting,
                              teller, alarms.hears_nova, store, strays,
                              last_words, monotonic, now)
        self.meanwhile = Meanwhile(store, losing, returning,
                                   teller.under_way, self.stopping)
        self.losses_first = LossesFirst(monotonic)
        self.pursuit = Pursuit(
            store, self.affected, losing, returning, correcting, teller,
            self.confirmation, silence, self.stopping, self.losses_first,
            monotonic)
        self.holding = Holding(settings, store, Groups(
            self.affected.hosts, lambda: self.affected.aggregates.known).now,
            monotonic)
        self.handler = FaultHandler(
            store, self.affected, self.pursuit, self.holding,
            Raising(settings, store, self.affected, self.pursuit,
                    self.holding, checkpoint, inspector.hands_over),
            Holders(store, self.pursuit, Flapping(
                settings, monotonic, _kept_open(store)), silence,
                own_monitors, monotonic))
        self.owed = OwedLoop(
            settings, store, self.handler, self.pursuit, self.holding,
            self.confirmation, correcting.unanswered, self.affected,
            self.stopping, answered,
            settled, monotonic=monotonic)
        self.lifting = Lifting(cloud, self.affected, self.pursuit,
                               correcting, store)


def _kept_open(store: Store) -> list[str]:
    """The hosts that were back while their faults stayed open: they come and
    go.
    """
    were_back = store.faults.read_as(Reading.CLEARS)
    return [record.hostname for record
            in store.faults.in_states(*sorted(DOWN))
            if record.id in were_back]
