"""Events and alerts as others send them."""

from hypothesis import strategies as st

NOW = 1_800_000_000.0
START = 1_700_000_000.0

#: As collectd 5.12 posts a notification.
OF_COLLECTD = {
    'labels': {'alertname': 'collectd_connectivity_gauge', 'instance': 'h1',
               'connectivity': 'eth0', 'type': 'interface_status',
               'severity': 'FAILURE', 'service': 'collectd'},
    'annotations': {'summary': 'gone'},
    'startsAt': '2026-11-22T08:05:01.624000072Z'}


def event(**changes):
    """As a deployment of OPNFV Doctor sent it."""
    return {'time': '2017-05-08T13:50:39.710436+00:00',
            'type': 'compute.host.down',
            'details': {'hostname': 'compute-0', 'status': 'down',
                        'monitor': 'monitor_sample'}, **changes}


def detailed(**details):
    """An event with these details beside the host's name."""
    return event(details={'hostname': 'compute-0', **details})


def alert(status='firing', ends='0001-01-01T00:00:00Z', **labels):
    """As Alertmanager sends it."""
    return {'status': status,
            'labels': {'alertname': 'HostDown', **labels},
            'annotations': {'summary': 'no answer'},
            'startsAt': '2023-11-14T22:13:20Z', 'endsAt': ends,
            'generatorURL': 'http://prometheus.example/graph',
            'fingerprint': 'c0ffee'}


def webhook(*alerts, **changes):
    """As Alertmanager posts them, version 4 of its webhook."""
    return {'version': '4', 'groupKey': '{}:{alertname="HostDown"}',
            'truncatedAlerts': 0, 'status': 'firing', 'receiver': 'doctor',
            'groupLabels': {}, 'commonLabels': {}, 'commonAnnotations': {},
            'externalURL': 'http://alertmanager.example',
            'alerts': list(alerts), **changes}


_NAMES = ['event', 'events', 'alerts', 'type', 'time', 'details', 'hostname',
          'status', 'labels', 'host', 'instance', 'severity', 'startsAt',
          'endsAt', 'annotations', 'fingerprint', 'sequence', 'epoch',
          'number', 'monitor_id', 'truncatedAlerts', 'receiver',
          'externalURL', 'id', 'received_at', 'said_at', 'began_at',
          'remarks', 'sender', 'x']
#: Any JSON, with the names that are looked at among its members.
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers()
    | st.text(st.characters()) | st.sampled_from(
        ['compute.host.down', 'firing', 'resolved', 'a\nb', '\ud800',
         10 ** 400, 1.0, '2026-11-29T00:00:00']),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(_NAMES) | st.text(st.characters()), inner),
    max_leaves=16)
