"""A genuine OpenStack does what Doctor relies on in any cloud."""

import testtools

from doctor_core.tests.contract_cloud_compute import (
    HostsContract,
    ServersContract,
)
from doctor_core.tests.contract_cloud_identity import IdentityContract
from doctor_core.tests.contract_cloud_image import ImagesContract
from doctor_core.tests.contract_cloud_network import NetworkContract
from doctor_core.tests.contract_cloud_notifications import (
    NotificationsContract,
)
from doctor_core.tests.e2e.bed import BedCase


class BedIdentityTest(BedCase, IdentityContract, testtools.TestCase):
    pass


class BedServersTest(BedCase, ServersContract, testtools.TestCase):
    pass


class BedHostsTest(BedCase, HostsContract, testtools.TestCase):
    pass


class BedImagesTest(BedCase, ImagesContract, testtools.TestCase):
    pass


class BedNetworkTest(BedCase, NetworkContract, testtools.TestCase):
    pass


class BedNotificationsTest(BedCase, NotificationsContract,
                           testtools.TestCase):
    pass
