import testtools

from doctor_core.faults.naming import Named, resolve


def known(*hosts, dead=(), **aliases):
    return [Named(host, tuple(aliases.get(host.partition('.')[0], ())),
                  living=host not in dead) for host in hosts]


class ResolveTest(testtools.TestCase):

    def test_exact_name_wins(self):
        self.assertEqual('a', resolve('a', known('a', 'a.example')))

    def test_short_for_long_and_long_for_short(self):
        self.assertEqual('a.example', resolve('a', known('a.example')))
        self.assertEqual('a', resolve('a.example', known('a', 'b')))

    def test_letter_case_does_not_matter(self):
        for name in ('COMPUTE-1', 'Compute-1.Example.Org'):
            self.assertEqual('compute-1.example.org', resolve(
                name, known('compute-1.example.org', 'compute-2')))

    def test_a_dot_at_the_end_does_not_matter(self):
        self.assertEqual('a.example', resolve('a.example.',
                                              known('a.example')))

    def test_names_that_differ_in_case_only(self):
        self.assertEqual('A', resolve('A', known('a', 'A')))
        self.assertIsNone(resolve('a.x', known('a', 'A')))

    def test_ambiguous_is_nobody(self):
        self.assertIsNone(resolve('a', known('a.one', 'a.two')))

    def test_ambiguous_although_one_is_down_and_empty(self):
        """The healthy host was marked down for the lost one."""
        for dead in ({'a.one'}, {'a.one', 'a.two'}):
            self.assertIsNone(resolve(
                'a', known('a.one', 'a.two', dead=dead)))

    def test_ambiguous_but_for_the_former_name_of_the_same_machine(self):
        for name in ('a', 'A'):
            self.assertEqual('a.two', resolve(name, known(
                'a.one', 'a.two', dead={'a.one'}, a=('10.0.0.1',))))

    def test_two_living_names_of_one_machine(self):
        self.assertIsNone(resolve('a', known(
            'a.one', 'a.two', a=('10.0.0.1',))))

    def test_one_name_of_two_machines(self):
        hosts = [Named('a.one', ('hv', '10.0.0.1'), living=False),
                 Named('a.two', ('hv', '10.0.0.2'))]
        self.assertIsNone(resolve('a', hosts))

    def test_two_domains_are_two_hosts(self):
        self.assertIsNone(resolve('a.one', known('a.two')))

    def test_unknown(self):
        self.assertIsNone(resolve('c', known('a', 'b')))

    def test_dead_record_of_the_short_name(self):
        """A stale service took the fault of the living host beside it."""
        self.assertEqual('compute-1.example.org', resolve(
            'compute-1', known('compute-1', 'compute-1.example.org',
                               dead={'compute-1'})))

    def test_dead_record_of_another_machine(self):
        """The healthy host was marked down for the lost one beside it."""
        def found(address, dead='compute-1'):
            return resolve('compute-1', [
                Named('compute-1', ('hv', '10.0.0.1'), living=False),
                Named('compute-1.b.org', ('hv', address))])
        self.assertEqual('compute-1', found('10.0.0.2'))
        self.assertEqual('compute-1.b.org', found('10.0.0.1'))

    def test_dead_record_alone(self):
        self.assertEqual('a', resolve('a', known('a', dead={'a'})))

    def test_address_of_one_service(self):
        """The address that an alert names meant nobody."""
        hosts = known('a', 'b', a=('10.0.0.1', 'hv-a'), b=('10.0.0.2',))
        self.assertEqual('a', resolve('10.0.0.1', hosts))
        self.assertEqual('a', resolve('HV-A', hosts))

    def test_address_of_several_services(self):
        hosts = known('a', 'b', a=('10.0.0.1',), b=('10.0.0.1',))
        self.assertIsNone(resolve('10.0.0.1', hosts))

    def test_addresses_have_no_short_form(self):
        self.assertIsNone(resolve('10.0.0.1', known('10.0.0.2', '10')))
