"""Ceilometer's event_pipeline.yaml: events go to Aodh, too.

Format: ``ceilometer/pipeline/base.py`` of Ceilometer; sources take events by
wildcards and feed sinks, whose publishers are URLs.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from doctor_core import wire
from doctor_core.installers.preparing.edits import (
    Edit,
    NotEditable,
    matching,
    yaml_file,
)

_PUBLISHER = f'notifier://?topic={wire.AODH_TOPIC}'
_BY_HAND = f'publishers: ["{_PUBLISHER}"]'
_USUAL_SINK = 'event_sink'
#: What Ceilometer does without such a file, and the publisher.
_WHOLE = f"""\
sources:
    - name: event_source
      events:
          - "*"
      sinks:
          - {_USUAL_SINK}
sinks:
    - name: {_USUAL_SINK}
      publishers:
          - notifier://
          - {_PUBLISHER}
"""


def to_aodh(event_type: str) -> Edit:
    """Events of a type are published to the topic of Aodh's event alarms.

    Any sink that gets them may do it; else it is added to ``event_sink``
    where that gets them, else to the first that does. A publisher to a bus
    of its own does not count: nobody knows whether Aodh listens there, and
    an alarm that has gone off does not go off again for the same event.
    """
    def edit(text: str) -> str:
        data = yaml_file.load(text)
        if data is None:
            # It may consist of comments.
            return yaml_file.begun(text, _WHOLE)
        sinks = _entries(data, 'sinks')
        fed = {name for source in _entries(data, 'sources')
               if matching.is_taken(source.get('events') or [], event_type)
               for name in source.get('sinks') or []}
        places = [index for index, sink in enumerate(sinks)
                  if sink.get('name') in fed]
        if not places:
            raise NotEditable(f'no source in it hands {event_type} to a '
                              'sink; to be added by hand: such a source, '
                              f'and in its sink {_BY_HAND}')
        if any(_is_aodh(publisher) for index in places
               for publisher in sinks[index].get('publishers') or []):
            return text
        place = next((index for index in places
                      if sinks[index]['name'] == _USUAL_SINK), places[0])
        if not isinstance(sinks[place].get('publishers'), list):
            raise NotEditable(f'sinks[{place}] has no list of publishers; '
                              f'to be added by hand: {_BY_HAND}')
        return yaml_file.appended(text, ('sinks', place, 'publishers'),
                                  _PUBLISHER)
    return edit


def _entries(data: Any, key: str) -> Sequence[Mapping[str, Any]]:
    found = data.get(key) if isinstance(data, dict) else None
    if not isinstance(found, list) \
            or not all(isinstance(one, dict) for one in found):
        raise NotEditable(f'not an event pipeline: it has no list of {key}')
    return found


def _is_aodh(publisher: Any) -> bool:
    try:
        url = urlsplit(str(publisher))
    except ValueError:
        return False
    return url.scheme == 'notifier' and not url.netloc \
        and wire.AODH_TOPIC in parse_qs(url.query).get('topic', [])
