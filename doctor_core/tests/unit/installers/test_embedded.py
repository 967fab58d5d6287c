import testtools

from doctor_core import plugins
from doctor_core.exceptions import BackendError
from doctor_core.fixtures import installer_settings, options
from doctor_core.installers.embedded import EmbeddedInstaller
from doctor_core.model import Host, Node, Stamp


class Asked(EmbeddedInstaller):
    """Keeps what the cloud is asked, and answers for it."""

    def __init__(self, answers):
        super().__init__(options(EmbeddedInstaller), None,
                         installer_settings())
        self.asked = []
        self._answers = answers

    def _ask(self, method, path, body=None):
        self.asked.append((method, path, body))
        return self._answers[path]


class EmbeddedInstallerTest(testtools.TestCase):

    def test_the_nodes_are_the_hosts(self):
        installer = Asked({'/hosts': {'hosts': [
            {'name': 'h1', 'address': '127.77.0.1', 'probe_port': 7}]}})
        self.assertEqual([Node('h1', 'compute', '127.77.0.1')],
                         installer.nodes())

    def test_a_host_is_failed_and_healed(self):
        installer = Asked({'/hosts/a%2Fb/fail': {'failed_at': 1.5},
                           '/hosts/a%2Fb/heal': {}})
        host = Host('a/b')
        self.assertRaises(BackendError, installer.failed_at, host)
        self.assertEqual(1.5, installer.fail(host))
        self.assertEqual(Stamp(1.5), installer.failed_at(host))
        installer.heal(host)
        self.assertEqual([
            ('POST', '/hosts/a%2Fb/fail', {'how': 'link'}),
            ('POST', '/hosts/a%2Fb/heal', None)], installer.asked)

    def test_the_bus_is_the_clouds(self):
        self.assertEqual('rabbit://', Asked({
            '/bus': {'transport_url': 'rabbit://'}}).transport_url())

    def test_monitors_that_never_see_a_host_fail(self):
        """They were waited for, for a minute, in vain."""
        installer = Asked({'/hosts': {'hosts': [
            {'name': 'h1', 'address': '127.77.0.1', 'probe_port': 40007}]}})
        for name in ('sample', 'collectd'):
            self.assertIn(
                '[monitor] type = fake, and [monitor_fake] port = 40007',
                installer.unseen_by(name, options(
                    plugins.load('monitors', name))))
        fake = plugins.load('monitors', 'fake')
        self.assertIn('on port 40007: say so in [monitor_fake] port',
                      installer.unseen_by('fake', options(fake)))
        self.assertEqual('', installer.unseen_by(
            'fake', options(fake, port=40007)))

    def test_hosts_with_cables_are_seen_by_pings_alone(self):
        installer = Asked({'/hosts': {'hosts': [
            {'name': 'h1', 'address': '10.77.0.1', 'probe_port': 0}]}})
        self.assertEqual({'sample'}, {
            name for name in ('sample', 'fake', 'collectd')
            if not installer.unseen_by(name, options(
                plugins.load('monitors', name)))})
        self.assertIn('say [monitor] type = sample', installer.unseen_by(
            'fake', options(plugins.load('monitors', 'fake'))))

    def test_how_a_host_fails_is_an_option(self):
        self.assertEqual(['fail_by'], [
            option.name for option in EmbeddedInstaller.get_opts()])
