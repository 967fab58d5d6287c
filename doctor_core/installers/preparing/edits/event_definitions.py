"""Ceilometer's event_definitions.yaml: which traits an event has.

Format: ``ceilometer/event/converter.py`` of Ceilometer. Of the definitions
that match an event's type the last one counts, and only that. A file in
Ceilometer's folder replaces the one in its package: so one that is made has
to begin with all that is in there.
"""

from collections.abc import Mapping
from typing import Any

from doctor_core.installers.preparing.edits import (
    Edit,
    NotEditable,
    matching,
    yaml_file,
)


def with_traits(event_type: str, traits: Mapping[str, Any]) -> Edit:
    """Events of a type have all these traits.

    Where some are missing, a definition is added that gives them and all
    that the one before gave; no other type's traits change.

    :param traits: each as Ceilometer takes it: ``fields`` and perhaps
        ``type``.
    """
    def edit(text: str) -> str:
        data = yaml_file.load(text)
        if data is None:
            raise NotEditable(
                'it defines no event, so that Ceilometer cannot read it: '
                'remove it, so that the one of Ceilometer\'s package counts, '
                'or put a copy of that into its place')
        if not isinstance(data, list) \
                or not all(isinstance(one, dict) for one in data):
            raise NotEditable('not a list of event definitions')
        present = _present(data, event_type)
        missing = {name: trait for name, trait in traits.items()
                   if name not in present}
        if not missing:
            return text
        return yaml_file.appended(text, (), {
            'event_type': event_type, 'traits': {**present, **missing}})
    return edit


def _present(definitions: list[dict[str, Any]], event_type: str
             ) -> Mapping[str, Any]:
    """The traits that events of a type have."""
    for definition in reversed(definitions):
        if matching.is_taken(definition.get('event_type') or [], event_type):
            traits = definition.get('traits') or {}
            if not isinstance(traits, dict):
                raise NotEditable(f'the traits of {event_type} are no '
                                  'mapping')
            return traits
    return {}
