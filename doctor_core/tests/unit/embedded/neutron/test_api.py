import testtools

from doctor_core.tests.unit.embedded.inprocess import Client


class NeutronTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)

    def ask(self, method, path, body=None, token=None):
        return self.client.ask(method, f'/network/v2.0{path}', body,
                               token=token)

    def made(self, kind, token=None, **fields):
        return self.client.made(f'/network/v2.0/{kind}s', kind, fields,
                                token or self.client.member)

    def names(self, path, token=None):
        return [entity['name'] for entity
                in self.ask('GET', path, token=token).json['networks']]

    def test_a_network_lives(self):
        network = self.made('network', name='n')
        path = f'/networks/{network["id"]}'
        self.made('subnet', network_id=network['id'], ip_version=4,
                  cidr='10.0.0.0/24')
        self.assertEqual(200, self.ask('PUT', path, {
            'network': {'name': 'm'}}, self.client.member).status)
        shown = self.ask('GET', path).json['network']
        self.assertEqual(('m', 1), (shown['name'], len(shown['subnets'])))
        self.assertEqual(204, self.ask('DELETE', path).status)
        self.assertEqual(404, self.ask('GET', path).status)

    def test_others_see_it_when_it_is_shared_only(self):
        network = self.made('network', name='n')
        token, path = self.client.outsider(), f'/networks/{network["id"]}'
        self.assertEqual(404, self.ask('GET', path, token=token).status)
        self.assertEqual(404, self.ask('PUT', path, {'network': {}},
                                       token).status)
        self.assertEqual(200, self.ask('PUT', path, {
            'network': {'shared': True}}).status)
        self.assertEqual(['n'], self.names('/networks', token))
        self.assertEqual(403, self.ask('PUT', path, {'network': {}},
                                       token).status)
        self.assertEqual(403, self.ask('DELETE', path, token=token).status)

    def test_a_list_of_more_than_a_thousand(self):
        """The answer was 500; Neutron has no largest page."""
        for _ in range(11):
            self.assertEqual(201, self.ask('POST', '/networks', {
                'networks': [{'name': 'many'}] * 100}).status)
        self.assertEqual(1100, self.names('/networks').count('many'))
        answer = self.ask('GET', '/networks?name=many&limit=1000').json
        self.assertEqual(1000, len(answer['networks']))
        self.assertIn('limit=1000&marker=', answer['networks_links'][0][
            'href'])

    def test_what_is_no_list_of_networks(self):
        """The answer was 500."""
        for body in ([5], 5, None, [{'name': 'half'}, 'x']):
            self.assertEqual(400, self.ask('POST', '/networks', {
                'networks': body}).status, body)
        self.assertNotIn('half', self.names('/networks'))

    def test_what_only_administrators_write_and_see(self):
        network = self.made('network', name='n')
        self.assertNotIn('provider:network_type', network)
        self.assertIn('provider:network_type', self.ask(
            'GET', f'/networks/{network["id"]}').json['network'])
        for body in ({'shared': True}, {'project_id': 'other'}):
            self.assertEqual(403, self.ask(
                'POST', '/networks', {'network': body},
                self.client.member).status)

    def test_what_is_wrong_is_refused(self):
        network_id = self.client.one('/network/v2.0/networks')['id']
        for kind, body, status in (
                ('network', {'colour': 'red'}, 400),
                ('network', {'name': 7}, 400),
                ('subnet', {'network_id': network_id}, 400),
                ('subnet', {'network_id': 'none', 'ip_version': 4,
                            'cidr': '10.0.0.0/24'}, 404),
                ('subnet', {'network_id': network_id, 'ip_version': 4,
                            'cidr': 'fd00::/64'}, 400),
                ('subnet', {'network_id': network_id, 'ip_version': 4,
                            'cidr': 'x'}, 400),
                ('subnet', {'network_id': network_id, 'ip_version': 4,
                            'cidr': '10.0.0.0/24',
                            'gateway_ip': '10.9.0.1'}, 400),
                ('port', {'network_id': 'none'}, 404),
                ('port', {'network_id': network_id,
                          'fixed_ips': ['x']}, 400)):
            answer = self.ask('POST', f'/{kind}s', {kind: body})
            self.assertEqual(status, answer.status, answer.text)
            self.assertIn('message', answer.json['NeutronError'])

    def test_several_at_once(self):
        answer = self.ask('POST', '/networks', {
            'networks': [{'name': 'a'}, {'name': 'b'}]})
        self.assertEqual(['a', 'b'], [
            network['name'] for network in answer.json['networks']])

    def test_lists_are_filtered_sorted_and_cut(self):
        for name in ('b', 'a'):
            self.made('network', name=name)
        self.assertEqual(['a'], self.names('/networks?name=a'))
        self.assertEqual(['private', 'b', 'a'],
                         self.names('/networks?shared=False'))
        self.assertEqual(['a', 'b', 'private'],
                         self.names('/networks?sort_key=name'))
        self.assertEqual([{'name': 'private'}], self.ask(
            'GET', '/networks?fields=name&limit=1').json['networks'])
        self.assertEqual(400, self.ask('GET', '/networks?colour=red').status)

    def test_pages_are_linked(self):
        self.made('network', name='b')
        answer = self.ask('GET', '/networks?limit=1').json
        href = answer['networks_links'][0]['href']
        self.assertEqual(['b'], self.names('/networks?'
                                           + href.partition('?')[2]))

    def test_what_is_fixed_stays(self):
        network = self.made('network', name='n')
        subnet = self.made('subnet', network_id=network['id'], ip_version=4,
                           cidr='10.0.0.0/24')
        for kind, entity, fields in (
                ('subnet', subnet, {'cidr': '10.1.0.0/24'}),
                ('network', network, {'project_id': 'other'})):
            self.assertEqual(400, self.ask(
                'PUT', f'/{kind}s/{entity["id"]}', {kind: fields}).status)

    def test_extensions_and_discovery(self):
        self.assertEqual([200, 404], [
            self.ask('GET', f'/extensions/{alias}').status
            for alias in ('data-plane-status', 'none')])
        self.assertIn('binding', [each['alias'] for each in self.ask(
            'GET', '/extensions').json['extensions']])
        versions = self.client.ask('GET', '/network/', token='').json
        self.assertEqual('v2.0', versions['versions'][0]['id'])
        self.assertEqual(3, len(self.ask('GET', '/').json['resources']))


class PortsTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.client = Client(self)
        self.client.boot()
        self.port = self.client.one('/network/v2.0/ports')
        self.path = f'/network/v2.0/ports/{self.port["id"]}'

    def set_status(self, status, token=None):
        return self.client.ask('PUT', self.path, {
            'port': {'data_plane_status': status}}, token=token)

    def test_the_data_plane_status_is_set_and_told(self):
        for status in ('DOWN', 'ACTIVE'):
            self.assertEqual(200, self.set_status(status).status)
            self.assertEqual(status, self.client.one(
                '/network/v2.0/ports',
                self.client.member)['data_plane_status'])
            event_type, payload = self.client.notices[-1]
            self.assertEqual(('port.update.end', status), (
                event_type, payload['port']['data_plane_status']))

    def test_who_may_not_set_it(self):
        self.assertEqual([403, 404], [
            self.set_status('DOWN', token).status
            for token in (self.client.member, self.client.outsider())])

    def test_null_is_neutrons_own_failure(self):
        answer = self.set_status(None)
        self.assertEqual((500, 'HTTPInternalServerError'), (
            answer.status, answer.json['NeutronError']['type']))

    def test_another_word_is_refused(self):
        self.assertEqual(400, self.set_status('SIDEWAYS').status)

    def test_the_owner_sees_no_binding(self):
        port = self.client.one('/network/v2.0/ports', self.client.member)
        self.assertEqual([], [name for name in port
                              if name.startswith('binding:')
                              and name != 'binding:vnic_type'])

    def test_ports_are_found(self):
        fixed = self.port['fixed_ips'][0]
        for query, count in (
                (f'device_id={self.port["device_id"]}', 1),
                ('device_id=other', 0),
                (f'binding:host_id={self.port["binding:host_id"]}', 1),
                (f'fixed_ips=ip_address={fixed["ip_address"]}', 1),
                ('fixed_ips=ip_address=10.0.0.1', 0),
                ('status=ACTIVE', 1), ('data_plane_status=DOWN', 0)):
            answer = self.client.ask('GET', f'/network/v2.0/ports?{query}')
            self.assertEqual(count, len(answer.json['ports']), query)
