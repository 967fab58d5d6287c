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
