"""The embedded cloud does what Doctor relies on in any."""

import os
import tempfile

import testtools

from doctor_core import messaging
from doctor_core.embedded.cloud import EmbeddedCloud
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


class EmbeddedCase:
    """Starts an embedded cloud before the contract looks for one."""

    transport_url = messaging.IN_MEMORY

    @classmethod
    def setUpClass(cls):
        cls.cloud = EmbeddedCloud(transport_url=cls.transport_url,
                                  build_s=0.01, service_down_s=0.2)
        cls.addClassCleanup(cls.cloud.stop)
        cls.cloud.start()
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115
            'w', suffix='.yaml', encoding='utf-8')
        cls.addClassCleanup(file.close)
        file.write(cls.cloud.clouds_yaml())
        file.flush()
        kept = dict(os.environ)
        os.environ.update(OS_CLOUD='doctor-embedded',
                          OS_CLIENT_CONFIG_FILE=file.name)
        try:
            super().setUpClass()
        finally:
            os.environ.clear()
            os.environ.update(kept)

    def fail_host(self, name):
        self.cloud.fail(name)

    def heal_host(self, name):
        self.cloud.heal(name)


class EmbeddedIdentityTest(EmbeddedCase, IdentityContract,
                           testtools.TestCase):
    pass


class EmbeddedServersTest(EmbeddedCase, ServersContract,
                          testtools.TestCase):
    pass


class EmbeddedHostsTest(EmbeddedCase, HostsContract,
                        testtools.TestCase):
    pass


class EmbeddedImagesTest(EmbeddedCase, ImagesContract, testtools.TestCase):
    pass


class EmbeddedNetworkTest(EmbeddedCase, NetworkContract,
                          testtools.TestCase):
    pass


class EmbeddedNotificationsTest(EmbeddedCase,
                                NotificationsContract,
                                testtools.TestCase):
    pass
