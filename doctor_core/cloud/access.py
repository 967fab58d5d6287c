"""A cloud that was opened: its session, its endpoints, its token."""

import dataclasses
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from doctor_core.cloud import endpoints, refusals
from doctor_core.cloud.contact import Contacts
from doctor_core.exceptions import CloudError

if TYPE_CHECKING:
    from doctor_core.web.proxies import Proxies
    from doctor_core.web.trust import Trust

_OK = 200


def _no_override(_service_type: str) -> str | None:
    return None


@dataclasses.dataclass(frozen=True)
class Access:
    """A keystoneauth session, and which endpoints are meant.

    :ivar interface: public, internal or admin; or several by preference.
    :ivar override: the endpoint that the operator set by hand for a service
        type, or None.
    :ivar source: where the credentials are written, for who has to mend
        them.
    :ivar contacts: which services answered.
    """

    session: Any
    region_name: str | None
    interface: Any
    override: Callable[[str], str | None] = _no_override
    source: str = 'The credentials of the cloud'
    contacts: Contacts = dataclasses.field(default_factory=Contacts)

    def endpoint(self, service_type: str, info: Any = None) -> str:
        """Where the catalogue has a service; may block on Keystone.

        :param info: a token whose catalogue it is; else the present one's.
        :raises CloudError: the catalogue does not have it.
        """
        service_type = endpoints.official(service_type)
        found = self.override(service_type)
        if found:
            return found
        catalogue = (info or self.token()).service_catalog
        # Only the catalogue's own words: no discovery requests.
        with refusals.translated(f'Looking for {service_type}'):
            return str(catalogue.url_for(
                service_type=service_type, interface=self.interface,
                region_name=self.region_name))

    def token(self, refused: str = '') -> Any:
        """The present token, with what Keystone says of it; may block.

        keystoneauth renews a token that has less than 2 minutes left.

        :param refused: a token that a service did not take: not that one.
        :returns: a ``keystoneauth1.access.AccessInfo``.
        :raises CloudError: the credentials are refused, or Keystone cannot
            be asked; Misconfigured, with :attr:`source`, where asking again
            will not help.
        """
        auth = self.session.auth
        present = auth.auth_ref
        if refused and present and present.auth_token == refused:
            auth.invalidate()
        try:
            with refusals.authenticating(self.source):
                found = auth.get_access(self.session)
        except CloudError as error:
            self.contacts.note('identity', error.status)
            raise
        if found is not present:
            self.contacts.note('identity', _OK)
        return found

    def is_fresh(self) -> bool:
        """Whether there is a token that serves for another minute."""
        present = self.session.auth.auth_ref
        return present is not None and not present.will_expire_soon(60)

    def tls(self) -> ssl.SSLContext:
        """How the session verifies its peers, for the other HTTP client.

        :raises ConfigError: a file cannot be used.
        """
        from doctor_core.web import client as web_client
        cafile, certfile, keyfile = self._tls_files()
        context = web_client.tls_context(
            cafile=cafile, certfile=certfile, keyfile=keyfile)
        if self.session.verify is False:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def trust(self) -> 'Trust':
        """The same, whatever the files hold by then; the session reads
        them for each connection.
        """
        from doctor_core.web.trust import Trust
        return Trust('the cloud', self.tls,
                     [path for path in self._tls_files() if path])

    def proxies(self) -> 'Proxies':
        """Through which the session asks, for the other HTTP client."""
        from doctor_core.web.proxies import Proxies
        return Proxies(self.session.session)

    def _tls_files(self) -> tuple[str, str, str]:
        """Authorities, certificate and key; empty for none."""
        # The session heeds what the environment says of authorities.
        used = self.session.session.merge_environment_settings(
            'https://', {}, None, self.session.verify, self.session.cert)
        verify, cert = used['verify'], used['cert']
        certfile, keyfile = cert if isinstance(cert, tuple) \
            else (cert or '', '')
        return (verify if isinstance(verify, str) else '', certfile,
                keyfile or '')

    def with_auth(self, auth: Any) -> 'Access':
        """The same cloud for somebody else; connections are shared."""
        from keystoneauth1 import session
        mine = self.session
        return dataclasses.replace(self, session=session.Session(
            auth=auth, session=mine.session, verify=mine.verify,
            cert=mine.cert, timeout=mine.timeout, redirect=mine.redirect))

    def auth_url(self) -> str:
        """Where Keystone takes credentials."""
        configured = getattr(self.session.auth, 'auth_url', None)
        return str(configured) if configured else endpoints.url(
            'identity', self.endpoint('identity'), '')

    def in_project(self, project_id: str) -> 'Access':
        """The same user in another project, by the present token."""
        from keystoneauth1 import identity
        return self.with_auth(identity.Token(
            auth_url=self.auth_url(), token=self.token().auth_token,
            project_id=project_id))

    def as_user(self, user_id: str, password: str, project_id: str
                ) -> 'Access':
        """Another user of the same cloud."""
        from keystoneauth1 import identity
        return self.with_auth(identity.Password(
            auth_url=self.auth_url(), user_id=user_id, password=password,
            project_id=project_id))

    def close(self) -> None:
        """Close the connections; others of this cloud use the same."""
        self.session.close()
