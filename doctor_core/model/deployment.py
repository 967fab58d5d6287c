"""The machines of a deployment, and what is needed of it."""

import dataclasses
import enum


@dataclasses.dataclass(frozen=True)
class Node:
    """A machine of the deployment, as its installer knows it."""

    name: str
    role: str
    address: str


class Need(enum.StrEnum):
    """What somebody needs of a deployment.

    :cvar NOTIFICATIONS: Nova tells every change of a server on its bus.
    :cvar EVENT_ALARMS: Ceilometer hands events to Aodh, and Aodh sees a new
        alarm at once.
    :cvar HOST_STATUS: an owner sees the state of the host in Nova.
    :cvar DATA_PLANE_STATUS: Neutron's ports have a data plane status.
    :cvar MAINTENANCE: no host is overbooked, and owners are told of planned
        maintenance.
    :cvar CONGRESS: Congress takes events of Doctor.
    :cvar VITRAGE: Vitrage takes events of Doctor.
    :cvar SERVICE_USER: Keystone knows Doctor's own user and endpoints.
    """

    NOTIFICATIONS = 'notifications'
    EVENT_ALARMS = 'event-alarms'
    HOST_STATUS = 'host-status'
    DATA_PLANE_STATUS = 'data-plane-status'
    MAINTENANCE = 'maintenance'
    CONGRESS = 'congress'
    VITRAGE = 'vitrage'
    SERVICE_USER = 'service-user'
