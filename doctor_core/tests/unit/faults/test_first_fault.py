import contextlib

import sqlalchemy as sa
import testtools
from sqlalchemy.engine.interfaces import CacheStats

from doctor_core.tests.unit.faults import doubles


@contextlib.contextmanager
def statements_made_ready(desk):
    """The statements that SQLAlchemy works out inside, as if for the first
    time.
    """
    found = []

    def note(_connection, _cursor, statement, _values, context, _many):
        if context.cache_hit is CacheStats.CACHE_MISS:
            found.append(statement)

    engine = desk.store._database._engine
    sa.event.listen(engine, 'before_cursor_execute', note)
    try:
        yield found
    finally:
        sa.event.remove(engine, 'before_cursor_execute', note)


class FirstFaultTest(testtools.TestCase):
    """Each statement that is worked out while a host is lost costs its
    owners a millisecond or more.
    """

    def test_no_statement_of_a_loss_is_new(self):
        for servers in (1, 3):
            desk = doubles.Desk(servers=servers)
            with statements_made_ready(desk) as found:
                desk.down()
            self.assertEqual([], found)

    def test_the_look_sees_a_statement_that_is_new(self):
        desk = doubles.Desk()
        with statements_made_ready(desk) as found:
            desk.store.faults.beginning('a')
        self.assertEqual(1, len(found))
