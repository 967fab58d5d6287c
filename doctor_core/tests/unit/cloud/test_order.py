import asyncio

import testtools

from doctor_core.cloud.order import HostOrder
from doctor_core.model import Action, Correction, Mark

NEVER_S = 3600.0


def force(mark=Mark.LOST):
    return Correction(Action.FORCE_DOWN, 'c', 'h', mark)


def reset(server_id, mark=Mark.LOST):
    return Correction(Action.RESET_STATE, server_id, 'h', mark)


def start(server_id):
    return Correction(Action.START, server_id, 'h', Mark.BACK)


def port(port_id, server_id=''):
    return Correction(Action.DATA_PLANE_STATUS, port_id, 'h', Mark.LOST,
                      server_id=server_id)


async def sent(corrections, answers=(), **waits):
    """Whose turn it is at first, and after each of some answers."""
    order = HostOrder(corrections, **{
        'head_start_s': NEVER_S, 'others_s': NEVER_S, **waits})
    turns = {asyncio.ensure_future(order.turn(one)): one.target_id
             for one in corrections}

    async def now():
        for _ in range(5):
            await asyncio.sleep(0)
        return {name for turn, name in turns.items() if turn.done()}

    seen = [await now()]
    for answer in answers:
        order.answered(answer)
        seen.append(await now())
    for turn in turns:
        turn.cancel()
    return seen


class TestHostOrder(testtools.TestCase):

    def expect(self, expected, *arguments, **more):
        self.assertEqual(expected, asyncio.run(sent(*arguments, **more)))

    def test_the_host_then_its_servers_then_their_ports(self):
        """Ports that are set make Neutron wake Nova, which was busy then."""
        self.expect(
            [{'c'}, {'c', 's1', 's2'}, {'c', 's1', 's2'},
             {'c', 's1', 's2', 'p1', 'p2', 'p3'}],
            [port('p1', 's1'), port('p2', 's2'), port('p3'), reset('s1'),
             reset('s2'), force()],
            [force(), reset('s1'), reset('s2')])

    def test_a_port_waits_for_the_other_servers_only_for_a_while(self):
        self.expect([{'s1', 's2'}, {'s1', 's2', 'p1'}],
                    [port('p1', 's1'), port('p2', 's2'), reset('s1'),
                     reset('s2')], [reset('s1')], others_s=0.0)

    def test_servers_wait_for_nova_only_for_a_while(self):
        self.expect([{'c', 's1'}], [reset('s1'), force()], head_start_s=0.0)

    def test_a_second_answer_says_nothing_new(self):
        self.expect(
            [{'s1', 's2'}, {'s1', 's2'}, {'s1', 's2'}],
            [reset('s1'), reset('s2'), port('p')],
            [reset('s1'), reset('s1')])

    def test_without_a_force_down_nobody_waits_for_one(self):
        self.expect([{'s1'}], [reset('s1'), port('p', 's1')])

    def test_a_port_alone(self):
        self.expect([{'p'}], [port('p', 's-of-before')])

    def test_a_port_whose_server_is_left_alone_goes_last(self):
        self.expect([{'s1'}, {'s1', 'p'}], [reset('s1'), port('p', 's9')],
                    [reset('s1')])

    def test_what_is_back_does_not_wait_for_its_host(self):
        self.expect([{'c', 's1'}],
                    [force(Mark.BACK), reset('s1', Mark.BACK)])

    def test_a_guest_is_started_once_its_server_is_reset(self):
        """A reset ends what Nova is doing with a server: its start, too."""
        self.expect([{'s1', 's3'}, {'s1', 's3'}],
                    [reset('s1', Mark.BACK), start('s1'), start('s3')],
                    [reset('s1', Mark.BACK)])
