"""Congress as Doctor sees it, in front of any Nova (Congress 11)."""

import contextlib
import threading
import uuid

from doctor_core.exceptions import CloudError
from doctor_core.model import Action, Correction, Mark
from doctor_core.web.pools import Pool
from doctor_core.web.server import Refused, Response, Route, Server

_COLUMNS = ('time', 'type', 'hostname', 'status', 'monitor',
            'monitor_event_id')


class Congress:
    """The API, and a policy engine that knows Doctor's four rules.

    :param cloud: the cloud whose Nova it corrects.
    :ivar drivers: those that it has loaded.
    :ivar takes_tokens: False: every request is refused.
    :ivar forgetful: it takes rows and has none.
    :ivar idle: nothing follows from any rule.
    :ivar loading: the driver of its data source doctor does not run yet.
    :ivar last_error: of its data source nova.
    :ivar syncs: how often a rule is refused until the engine knows of a new
        data source.
    """

    def __init__(self, cloud, port=0):
        self._cloud = cloud
        self.drivers = ['doctor', 'nova', 'neutronv2']
        self.takes_tokens = True
        self.forgetful = False
        self.idle = False
        self.loading = False
        self.last_error = 'None'
        self.syncs = 1
        self.updates = 0
        self.sources = {}
        self.rules = {}
        self.rows = []
        self.written = []
        self._seen = {}
        self._executed = set()
        self._lock = threading.RLock()
        self._pool = Pool('congress')
        source = '/v1/data-sources/{source}'
        rules = '/v1/policies/classification/rules'
        self._server = Server([
            Route('GET', '/v1/system/drivers', lambda request: Response(
                json={'results': [{'id': name, 'description': ''}
                                  for name in self.drivers]})),
            Route('GET', '/v1/data-sources', lambda request: Response(
                json={'results': list(self.sources.values())})),
            Route('POST', '/v1/data-sources', self._add_source,
                  pool=self._pool),
            Route('DELETE', source, self._delete_source),
            Route('POST', source, self._refresh, pool=self._pool),
            Route('GET', f'{source}/status', self._status),
            Route('GET', f'{source}/tables', self._tables),
            Route('GET', f'{source}/tables/events/rows', self._get_rows),
            Route('PUT', f'{source}/tables/events/rows', self._put_rows,
                  pool=self._pool),
            Route('POST', f'{source}/tables/events/rows', self._no_rows),
            Route('GET', rules, lambda request: Response(
                json={'results': list(self.rules.values())})),
            Route('POST', rules, self._add_rule),
            Route('DELETE', f'{rules}/{{rule}}', self._delete_rule),
            Route('GET', '/v1/policies/classification/tables/host_down/rows',
                  self._concluded),
        ], port=port, name='congress', middlewares=[self._outermost])

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
    def lost(self):
        """The hosts that it has as down."""
        return sorted(row[2] for row in self.rows if row[3] == 'down')

    def add_source(self, name, **config):
        self.sources[name] = {
            'id': str(uuid.uuid4()), 'name': name, 'driver': name,
            'enabled': True, 'config': config, 'description': '',
            'type': None, 'owner_id': None}

    def poll(self):
        """Look at Nova, as the data source nova does every 10 s."""
        with self._lock:
            self.updates += 1
            if self.last_error == 'None':
                self._seen = {(server.id, server.host)
                              for server in self._cloud.servers()
                              if server.state == 'active'}
            self._conclude()

    def break_it(self):
        """Nothing comes of what it takes."""
        self.idle = True

    def mend_it(self):
        self.idle = False
        self.poll()

    def made(self):
        """What somebody has made in it."""
        return sorted([*self.sources, *self.rules])

    def forget(self):
        """Be as new."""
        self.sources.clear()
        self.rules.clear()

    async def _outermost(self, request, inner):
        if not self.takes_tokens or 'X-Auth-Token' not in request.headers:
            raise Refused(401, 'Authentication required')
        return await inner(request)

    # Data sources.

    def _source(self, request):
        for source in self.sources.values():
            if request.params['source'] in (source['id'], source['name']):
                return source
        raise Refused(404, f'Datasource {request.params["source"]} not '
                           'found')

    def _add_source(self, request):
        body = request.json()
        if body['name'] in self.sources:
            raise Refused(409, f'Datasource name {body["name"]} in use')
        if body['driver'] not in self.drivers:
            raise Refused(404, f'Driver {body["driver"]} not found')
        self.add_source(body['name'], **body['config'])
        if body['name'] == 'nova':
            self.poll()
        return Response(201, json=self.sources[body['name']])

    def _delete_source(self, request):
        source = self._source(request)
        if self.rules:
            raise Refused(500, 'rules refer to it')
        del self.sources[source['name']]
        return Response()

    def _refresh(self, request):
        self._source(request)
        assert request.query['action'] == 'request-refresh'
        self.poll()
        return Response(json={})

    def _status(self, request):
        self._source(request)
        return Response(json={
            'last_updated': '', 'last_error': self.last_error,
            'number_of_updates': str(self.updates), 'initialized': 'True'})

    # The table of events.

    def _driver(self, request):
        """Congress's own form of a 404."""
        self._source(request)
        return Response(404, json={'error': {
            'error_code': 404, 'error_data': None,
            'message': "service 'doctor' could not be found"}}) \
            if self.loading else None

    def _tables(self, request):
        return self._driver(request) or Response(
            json={'results': [{'id': 'events'}]})

    def _get_rows(self, request):
        refused = self._driver(request)
        if refused:
            return refused
        return Response(json={'results': [{'data': row}
                                          for row in self.rows]})

    def _put_rows(self, request):
        self._source(request)
        rows = []
        for item in request.json():
            if 'details' not in item:
                raise Refused(400, 'details')
            flat = {**item, **item['details']}
            rows.append([flat.get(name, 'None') for name in _COLUMNS])
        self.written.append(rows)
        with self._lock:
            if not self.forgetful:
                self.rows = rows
            self._conclude()
        return Response(json={})

    def _no_rows(self, request):
        raise Refused(501, 'Not Implemented')

    # The policy.

    def _add_rule(self, request):
        body = request.json()
        if self.syncs:
            self.syncs -= 1
            raise Refused(400, 'Unknown table doctor:events')
        if any(rule['name'] == body['name'] for rule in self.rules.values()):
            raise Refused(409, 'Rule already exists')
        rule = {'id': str(uuid.uuid4()), 'comment': '', **body}
        self.rules[rule['id']] = rule
        return Response(201, json=rule)

    def _delete_rule(self, request):
        return Response(json=self.rules.pop(request.params['rule']))

    def _down(self):
        names = {rule['name'] for rule in self.rules.values()}
        if self.idle or 'host_down' not in names:
            return set()
        return {row[2] for row in self.rows
                if row[1] == 'compute.host.down' and row[3] == 'down'}

    def _concluded(self, _request):
        return Response(json={'results': [{'data': [host]}
                                          for host in self._down()]})

    def _conclude(self):
        """What is true now and was not before is executed, once."""
        down = self._down()
        facts = {('host', host) for host in down} | {
            seen for seen in self._seen if seen[1] in down}
        new, self._executed = facts - self._executed, facts
        if new:
            threading.Thread(target=self._execute, args=(new,),
                             daemon=True).start()

    def _execute(self, facts):
        # The test may be over by now.
        with contextlib.suppress(CloudError):
            self._correct(facts)

    def _correct(self, facts):
        services = {service.host: service
                    for service in self._cloud.compute_services()}
        self._cloud.correct([
            Correction(Action.FORCE_DOWN, services[host].id, host, Mark.LOST)
            if first == 'host' else
            Correction(Action.RESET_STATE, first, host, Mark.LOST)
            for first, host in facts
            if first != 'host' or host in services], lambda change: None)
