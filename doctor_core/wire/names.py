"""The names on the wire; each stands here and nowhere else."""

HOST_DOWN = 'compute.host.down'
HOST_UP = 'compute.host.up'
#: Something is wrong with a host that lives; recorded, and nothing done.
HOST_DEGRADED = 'compute.host.degraded'
INSTANCE_UPDATE = 'compute.instance.update'
#: What a project is told of a maintenance of the hosts of its servers.
MAINTENANCE_SCHEDULED = 'maintenance.scheduled'
#: What administrators are told of a host under maintenance.
MAINTENANCE_HOST = 'maintenance.host'
#: Fault types that Doctor acts on.
KNOWN_TYPES = frozenset({HOST_DOWN, HOST_UP})
#: What a daemon sends at its start, so that the way is open and known to
#: work before the first fault; nobody acts on it.
PING = 'doctor.ping'
#: What a monitor sends now and then: the hosts that it hears.
HEARD = 'doctor.heard'
#: What a monitor sends of a host that it said was lost: more evidence.
WITNESSED = 'doctor.witnessed'
FAULTS_TOPIC = 'doctor.faults'
#: Where Nova's unversioned notifications travel.
NOVA_TOPIC = 'notifications'
#: Where Aodh's listener takes events, as a notification of this priority
#: and event type, with a list of events as its payload.
AODH_TOPIC = 'alarm.all'
AODH_PRIORITY = 'sample'
AODH_EVENT_TYPE = 'event'
