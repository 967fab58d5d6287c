import dataclasses

import testtools
from hypothesis import given
from hypothesis import strategies as st

from doctor_core.exceptions import ConfigError
from doctor_core.monitors.collectd.conf import Watch, render

BARE = Watch(hostname='h1', folder='/d', url='http://127.0.0.1:1/events')

WITH_ALL = """\
# Written by Doctor; put aside and restored when it ends.
Hostname "h1"
FQDNLookup false
BaseDir "/d"
PIDFile "/d/collectd.pid"
Interval 1
LoadPlugin syslog
<Plugin syslog>
  LogLevel info
</Plugin>
<LoadPlugin python>
  Globals true
</LoadPlugin>
<Plugin python>
  ModulePath "/d"
  LogTraces true
  Interactive false
  Import "doctor_notify"
  <Module doctor_notify>
    URL "https://inspector/events"
    StateFile "/d/state.json"
    ReadyFile "/d/ready"
    MonitorId "h1"
    SettleSeconds 0.5
    CAFile "/ca.pem"
    <Match>
      Host "h1"
      Plugin "connectivity"
      PluginInstance "eth0"
      Warning "ignore"
    </Match>
    <Match>
      Host "h2"
      Plugin "ping"
      Type "ping_droprate"
      TypeInstance "10.0.0.2"
      Seen "from elsewhere"
    </Match>
    <Match>
      Host "h1"
      Plugin "mcelog"
    </Match>
  </Module>
</Plugin>
LoadPlugin connectivity
<Plugin connectivity>
  Interface "eth0"
</Plugin>
<LoadPlugin ping>
  Interval 0.1
</LoadPlugin>
<Plugin ping>
  Interval 0.1
  Timeout 0.09
  Host "10.0.0.2"
</Plugin>
LoadPlugin threshold
<Plugin threshold>
  <Plugin "ping">
    <Type "ping_droprate">
      FailureMax 0.5
      Hits 3
      PersistOK true
    </Type>
  </Plugin>
</Plugin>
Include "/etc/mcelog.conf"
"""


class RenderTest(testtools.TestCase):

    def test_with_all(self):
        self.assertEqual(WITH_ALL, render(Watch(
            hostname='h1', folder='/d', url='https://inspector/events',
            cafile='/ca.pem', interfaces=('eth0',),
            neighbours={'10.0.0.2': 'h2'}, settle_s=0.5,
            plugins=('mcelog',), includes=('/etc/mcelog.conf',))))

    def test_warning_of_open_vswitch_is_down(self):
        text = render(dataclasses.replace(
            BARE, interfaces=('br0', 'br1'), link_plugin='ovs_events'))
        self.assertIn('Interfaces "br0" "br1"', text)
        self.assertEqual(2, text.count('Warning "down"'))

    def test_nothing_that_is_not_wanted(self):
        text = render(BARE)
        for word in ('ping', 'threshold', 'connectivity', 'Match', 'CAFile'):
            self.assertNotIn(word, text)

    @given(st.text())
    def test_no_value_breaks_out(self, name):
        try:
            text = render(dataclasses.replace(BARE, hostname=name))
        except ConfigError:
            self.assertTrue(any(ord(letter) < 32 for letter in name))
            return
        line = text.split('\n')[1]
        quoted = line.removeprefix('Hostname ')
        inner = quoted[1:-1].replace('\\\\', '').replace('\\"', '')
        self.assertNotIn('"', inner)
        self.assertFalse(inner.endswith('\\'))
