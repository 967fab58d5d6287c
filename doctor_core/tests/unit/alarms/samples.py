"""Rules, alarms and events for the tests of alarms."""

from doctor_core.model import (
    Alarm,
    AlarmRule,
    AlarmState,
    Condition,
    Event,
    Trait,
    TraitType,
)

TYPE = 'compute.instance.update'
SERVER = '5b1c4a3e-0000-4000-8000-000000000001'


def rule(*query, server_id=SERVER, **changes):
    """The rule of a server's owner, or one with the conditions given."""
    if not query:
        query = (Condition('traits.instance_id', server_id),
                 Condition('traits.state', 'error'))
    return AlarmRule(**{
        'name': 'doctor', 'project_id': 'tenant-a', 'event_type': TYPE,
        'actions': ('http://owner.example:9/failure',), 'query': query,
        'user_id': 'ann', 'description': 'VM failure', **changes})


def alarm(*query, alarm_id='alarm-1', state=AlarmState.INSUFFICIENT_DATA,
          **changes):
    return Alarm(alarm_id, rule(*query, **changes), state)


def event(event_type=TYPE, message_id='message-1', **traits):
    """An event of that server in error; None leaves a trait out."""
    traits = {'state': 'error', 'instance_id': SERVER,
              'tenant_id': 'tenant-a', **traits}
    return Event(event_type, '2026-03-01T10:00:00.000000', tuple(
        trait(name, value) for name, value in traits.items()
        if value is not None), message_id)


def trait(name, value):
    types = {int: TraitType.INTEGER, float: TraitType.FLOAT}
    return Trait(name, types.get(type(value), TraitType.STRING), value)
