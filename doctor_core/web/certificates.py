"""What a server shows of itself, with HTTPS."""

import ssl

from doctor_core.exceptions import ConfigError


def server_context(name: str, certificate: str, key: str) -> ssl.SSLContext:
    """A context for the server's side.

    :param name: of the server, for an operator.
    :param certificate: the file of the option ``tls_cert``.
    :param key: that of ``tls_key``; empty when the certificate's has it too.
    :raises ConfigError: which option's file cannot be used.
    """
    options = {'tls_cert': certificate} | ({'tls_key': key} if key else {})
    for option, path in options.items():
        try:
            with open(path, 'rb'):
                pass
        except OSError as error:
            raise ConfigError(f'{name}: {option} = {path} cannot be read: '
                              f'{error.strerror}') from None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # With a password, if a wrong one: else the terminal is asked.
        context.load_cert_chain(certificate, key or None, password='')
    except (OSError, ssl.SSLError) as error:
        named = ' with '.join(f'{option} = {path}'
                              for option, path in options.items())
        raise ConfigError(f'{name}: cannot use {named}: {error}') from None
    return context


class Shown:
    """The certificate that a server shows, as its files held it when they
    were read last.

    :param name: as :func:`server_context`, with the other two.
    :ivar context: for who connects from now on; None before the first
        reading.
    """

    def __init__(self, name: str, certificate: str, key: str) -> None:
        self._name = name
        self._certificate = certificate
        self._key = key
        self.context: ssl.SSLContext | None = None

    def read(self) -> str:
        """Read the files anew; who is connected goes on as before.

        :returns: the certificate's file.
        :raises ConfigError: they cannot be used, and nothing has changed.
        """
        # A context of its own: half of a new pair in the old one would be
        # shown with half of the former.
        self.context = server_context(self._name, self._certificate,
                                      self._key)
        return self._certificate
