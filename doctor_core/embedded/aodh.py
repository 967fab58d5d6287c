"""The embedded cloud's Aodh: event alarms, evaluated as events come in."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from doctor_core import clock
from doctor_core.alarms.local import routes as alarm_routes
from doctor_core.alarms.local.rules import RuleBook, webhook_body
from doctor_core.embedded.rest import (
    Api,
    Call,
    Caller,
    Site,
    keystone_error,
)
from doctor_core.model import Delivered, Event, Notice
from doctor_core.web.server import Refused, Request, Route

PREFIX = '/alarming'

#: Hands a notice to the notifier of a URL's scheme; never blocks.
Deliver = Callable[[str, Notice], 'Future[Delivered]']


class Aodh:
    """Serves event alarms and has their actions called.

    :param deliver: hands over the notices.
    """

    def __init__(self, site: Site,
                 authenticate: Callable[[str], Caller | None],
                 deliver: Deliver) -> None:
        self._authenticate = authenticate
        self._deliver = deliver
        self._book = RuleBook()
        self._discovery = Api(site, PREFIX, authenticate, keystone_error)
        for path in ('', '/'):
            self._discovery.add('GET', path, self._versions, public=True)

    @property
    def routes(self) -> list[Route]:
        """What is served."""
        # They block in ``changes`` only, which does nothing here; and on the
        # loop they need not fear that Keystone changes below them.
        return self._discovery.routes + [
            dataclasses.replace(route, pool=None) for route
            in alarm_routes.routes(self._book, self._who, prefix=PREFIX)]

    def take(self, event: Event) -> None:
        """Have the owners told whose alarms an event sets off.

        Never blocks; from any thread.
        """
        for firing in self._book.evaluate(event, clock.now()):
            notice = Notice(webhook_body(firing))
            for action in firing.alarm.rule.actions:
                self._deliver(action, notice)

    def _who(self, request: Request) -> tuple[str, str, bool]:
        caller = self._authenticate(request.headers.get('X-Auth-Token', ''))
        if caller is None:
            raise Refused(401, 'The request you have made requires '
                               'authentication.')
        return caller.project_id, caller.user_id, caller.is_admin

    def _versions(self, _call: Call) -> dict[str, Any]:
        return {'versions': {'values': [{
            'id': 'v2', 'status': 'stable',
            'updated': '2013-02-13T00:00:00Z',
            'links': [{'rel': 'self', 'href': f'{self._discovery.url}/v2'}],
            'media-types': [{
                'base': 'application/json', 'type':
                'application/vnd.openstack.telemetry-v2+json'}]}]}}
