"""What goes out over HTTP."""

import json

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.tests.unit.wire.samples import ANY_JSON
from doctor_core.web.exchange import Response


class EncodedTest(testtools.TestCase):
    @given(ANY_JSON | st.lists(ANY_JSON)
           | st.dictionaries(st.text(), st.lists(ANY_JSON)))
    def test_is_the_same_json(self, value):
        response = Response(201, value, headers={'A': 'b'}).encoded()
        if value is None:
            self.assertEqual(b'', response.body)
        else:
            self.assertEqual(json.dumps(value).encode(), response.body)
            self.assertEqual((201, 'application/json', {'A': 'b'}), (
                response.status, response.content_type, response.headers))

    def test_names_that_are_no_texts(self):
        value = {1: [], None: {}, False: 'x', 'y': ()}
        self.assertEqual(json.dumps(value).encode(),
                         Response(json=value).encoded().body)
