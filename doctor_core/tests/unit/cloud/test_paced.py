import asyncio

import testtools

from doctor_core.cloud import calls
from doctor_core.cloud.sending import PacedSender
from doctor_core.exceptions import CloudError

LIMIT_S = 10.0


class Reply:
    status = 202


class Sender:
    """Stands for a service that leaves some requests unanswered."""

    def __init__(self):
        self.answer = asyncio.Event()
        self.asked = []

    async def send(self, request):
        self.asked.append(request.path)
        if request.path.startswith('/hung'):
            await self.answer.wait()
            raise CloudError('no answer', recoverable=True)
        return Reply()


def call(path):
    return calls.Call('POST', 'compute', path)


class PacedSenderTest(testtools.TestCase):

    def test_what_is_not_answered_holds_up_others_for_a_while_only(self):
        async def scenario():
            sender = Sender()
            paced = PacedSender(sender, 2, hung_s=0.001)
            hung = [asyncio.create_task(paced.send(
                call(f'/hung/{number}'), 1)) for number in range(2)]
            await asyncio.wait_for(paced.send(call('/other'), 1), LIMIT_S)
            sender.answer.set()
            outcomes = await asyncio.gather(*hung, return_exceptions=True)
            # Each slot was given back once.
            await asyncio.wait_for(asyncio.gather(*(
                paced.send(call(f'/more/{number}'), 1)
                for number in range(5))), LIMIT_S)
            return [type(one) for one in outcomes], len(sender.asked)
        self.assertEqual(([CloudError, CloudError], 8),
                         asyncio.run(scenario()))
