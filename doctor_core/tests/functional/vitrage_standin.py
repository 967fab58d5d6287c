"""Vitrage as Doctor sees it, in front of any Nova.

What it swallows, and that it answers 200 to all of it, is the genuine one's
way (Vitrage 15).
"""

import asyncio
import collections
import contextlib
import datetime
import threading
import uuid

from doctor_core.exceptions import CloudError
from doctor_core.model import Action, Correction, Mark
from doctor_core.web.pools import Pool
from doctor_core.web.server import Refused, Request, Response, Route, Server

_TIME_FORMAT = '%Y-%m-%dT%H:%M:%S.%f'


class Vitrage:
    """The API, and the notifier ``nova`` behind it.

    :param cloud: the cloud whose Nova it corrects.
    :ivar datasources: those that it is configured with.
    :ivar notifiers: those that it is configured with.
    :ivar takes_tokens: False: every request is refused.
    :ivar ready: False: vitrage-graph does not answer.
    :ivar stalled: no request is answered.
    :ivar deaf: it takes events, and nothing comes of them.
    :ivar unheard_of: servers that Nova has not told it of.
    """

    def __init__(self, cloud, port=0):
        self._cloud = cloud
        self.datasources = {'doctor', 'nova.host', 'nova.instance'}
        self.notifiers = {'nova'}
        self.takes_tokens = True
        self.ready = True
        self.stalled = False
        self.deaf = False
        self.unheard_of = set()
        self.templates = {}
        self.fault_of_template = ''
        self.posted = []
        self._cache = {}
        self._alarms = {}
        self._marked = collections.defaultdict(list)
        self._lock = threading.Lock()
        self._pool = Pool('vitrage')
        self._server = Server([
            Route('GET', '/v1/status', self._status),
            Route('GET', '/v1/template', self._list_templates),
            Route('PUT', '/v1/template', self._add_template),
            Route('DELETE', '/v1/template', self._delete_template),
            Route('GET', '/v1/alarm', self._list_alarms),
            Route('GET', '/v1/resources', self._list_servers, pool=self._pool),
            Route('POST', '/v1/event', self._event, pool=self._pool),
        ], port=port, name='vitrage', middlewares=[self._outermost])

    def start(self):
        self._server.start()
        return self

    def stop(self):
        self._server.stop()

    @property
    def url(self):
        return self._server.url

    @property
    def port(self):
        return self._server.port

    @property
    def template_names(self):
        return sorted(found['name'] for found in self.templates.values())

    @property
    def lost(self):
        """The hosts that it has an alarm of."""
        return sorted(host for kind, host in self._alarms
                      if kind == 'compute.host.down')

    def break_it(self):
        """Nothing comes of what it takes."""
        self.notifiers.clear()

    def mend_it(self):
        self.notifiers.add('nova')

    def made(self):
        """What somebody has made in it."""
        return sorted(self.templates)

    def forget(self):
        """Be as new."""
        self.templates.clear()

    async def _outermost(self, request, inner):
        if self.stalled:
            await asyncio.sleep(60)
        if not self.takes_tokens or 'X-Auth-Token' not in request.headers:
            raise Refused(401, 'The request you have made requires '
                               'authentication.')
        if not self.ready:
            raise Refused(503, 'vitrage-graph is not available')
        return await inner(request)

    def _status(self, _request: Request) -> Response:
        return Response(json={'reason': 'OK'})

    # Templates.

    def _list_templates(self, _request):
        listed = [dict(found) for found in self.templates.values()]
        for found in self.templates.values():
            if found['status'] == 'LOADING':
                found['status'] = 'ACTIVE'
        return Response(json=listed)

    def _add_template(self, request):
        answer = []
        for _path, content in request.json()['templates']:
            name = content['metadata']['name']
            found = {'uuid': str(uuid.uuid4()), 'name': name,
                     'status': 'LOADING', 'status details': '',
                     'type': 'standard', 'date': ''}
            if name in self.template_names:
                found.update({'uuid': '', 'status': 'ERROR', 'status details':
                              'Duplicate template name'})
            else:
                fault = self.fault_of_template
                if content['metadata']['version'] not in ('1', '2', '3'):
                    fault = 'Unsupported version.'
                if fault:
                    found.update({'status': 'ERROR',
                                  'status details': fault})
                self.templates[found['uuid']] = found
            answer.append(found)
        return Response(json=answer)

    def _delete_template(self, request):
        self.templates.pop(request.query['id'], None)
        return Response(body=b'null', content_type='application/json')

    def _servers(self, host=None):
        return [server for server in self._cloud.servers(host)
                if server.id not in self.unheard_of]

    def _list_servers(self, _request):
        return Response(json=[
            {'id': server.id, 'vitrage_type': 'nova.instance',
             'state': server.state.upper()} for server in self._servers()])

    # Events.

    def _list_alarms(self, _request):
        return Response(json=[
            {'vitrage_type': 'doctor', 'name': kind, 'hostname': host,
             'state': 'Active', 'resource_id': None}
            for kind, host in self._alarms])

    def _event(self, request):
        body = request.json()
        self.posted.append(body)
        if not self.deaf and 'doctor' in self.datasources \
                and isinstance(body, dict):
            with self._lock:
                self._take(body)
        return Response(body=b'null', content_type='application/json')

    def _take(self, body):
        """As the datasource ``doctor`` does: a time that it cannot read is
        kept for as long as the status is the same.
        """
        details = body.get('details')
        if not isinstance(details, dict) or not body.get('type') \
                or not {'hostname', 'status'} <= details.keys():
            return
        key = body['type'], details['hostname']
        status = details['status']
        was, since = self._cache.get(key, ('up', ''))
        time = body.get('time', datetime.datetime.now(
            datetime.UTC).strftime(_TIME_FORMAT))
        if was == status:
            time = since
        self._cache[key] = status, time
        if 'up' == was == status:
            return
        try:
            datetime.datetime.strptime(time, _TIME_FORMAT)
        except ValueError:
            return
        if status == 'up':
            if self._alarms.pop(key, None):
                self._reverse(details['hostname'])
        elif key not in self._alarms:
            self._alarms[key] = body
            if body['type'] == 'compute.host.down':
                self._evaluate(details['hostname'])

    def _evaluate(self, host):
        if not any(found['status'] == 'ACTIVE'
                   for found in self.templates.values()):
            return
        corrections = [
            Correction(Action.FORCE_DOWN, service.id, host, Mark.LOST, 'false')
            for service in self._cloud.compute_services(host)]
        corrections += [
            Correction(Action.RESET_STATE, server.id, host, Mark.LOST,
                       server.state) for server in self._servers(host)]
        self._marked[host] = corrections
        self._act(corrections)

    def _reverse(self, host):
        self._act([one.back() for one in self._marked.pop(host, [])])

    def _act(self, corrections):
        if 'nova' in self.notifiers:
            threading.Thread(target=self._correct, args=(corrections,),
                             daemon=True).start()

    def _correct(self, corrections):
        # The test may be over by now.
        with contextlib.suppress(CloudError):
            self._cloud.correct(corrections, lambda change: None)
