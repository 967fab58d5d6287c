from pathlib import Path

import testtools
from openstack_bed import schema, services
from openstack_bed.settings import EXTRAS, Bed, BedError

BED = Bed(Path('/home'), Path('/folder'), 100, EXTRAS)


def names(processes):
    return [process.name for process in processes]


class EverythingTest(testtools.TestCase):

    def test_what_a_process_waits_for_exists(self):
        steps = {step.name for step in schema.steps(BED)}
        known = {*steps, *names(services.everything(BED)), 'catalog',
                 'hosts-up'}
        for process in services.everything(BED):
            self.assertEqual(set(), set(process.after) - known,
                             process.name)

    def test_whoever_asks_as_its_user_waits_for_its_user(self):
        """Nova's ask Placement when they start, and end when Keystone
        answers that it has no such user yet.
        """
        for process in services.everything(BED):
            if process.name.startswith(('nova-co', 'nova-scheduler')):
                self.assertIn('catalog', process.after, process.name)

    def test_extras_are_there_on_request(self):
        def extra(*extras):
            bed = Bed(Path('/home'), Path('/folder'), 0, extras)
            return [name for name in names(services.everything(bed))
                    if name.startswith(EXTRAS)]

        self.assertEqual([], extra())
        self.assertEqual(['congress-server'], extra('congress'))
        self.assertEqual(
            ['vitrage-graph', 'vitrage-notifier', 'vitrage-persistor',
             'vitrage-api'], extra('vitrage'))

    def test_each_has_a_name_and_a_port_of_its_own(self):
        found = services.everything(BED)
        listening = [process.port for process in found
                     if process.probe not in ('', 'bus')]
        self.assertEqual(len(set(names(found))), len(found))
        self.assertEqual(len(set(listening)), len(listening))


class NamedTest(testtools.TestCase):

    def test_a_process_is_found_by_its_name(self):
        self.assertEqual(['aodh-api'],
                         names(services.named(BED, 'aodh-api')))

    def test_a_service_of_several_processes_is_all_of_them(self):
        self.assertEqual(
            ['neutron-api', 'neutron-rpc-server'],
            names(services.named(BED, 'neutron-server')))
        self.assertEqual(
            ['nova-compute-1', 'nova-compute-2', 'nova-compute-3'],
            names(services.named(BED, 'nova-compute')))

    def test_an_unknown_name_is_told_with_those_that_are(self):
        error = self.assertRaises(BedError, services.named, BED, 'cinder')
        self.assertIn('cinder', str(error))
        self.assertIn('nova-api', str(error))
