"""The credentials of an embedded cloud, for its clients."""

import json
from collections.abc import Mapping


def text(auth_url: str, passwords: Mapping[str, str]) -> str:
    """A clouds.yaml with both users.

    :param auth_url: of Keystone, with its version.
    :param passwords: by user; the project has the same name.
    """
    lines = ['clouds:']
    for cloud, user in (('doctor-embedded', 'admin'),
                        ('doctor-embedded-member', 'demo')):
        # A JSON text is a YAML text, whatever the password holds.
        password = json.dumps(passwords[user])
        lines += [
            f'  {cloud}:',
            '    auth:',
            f'      auth_url: {auth_url}',
            f'      username: {user}',
            f'      password: {password}',
            f'      project_name: {user}',
            '      user_domain_id: default',
            '      project_domain_id: default',
            '    region_name: RegionOne',
            "    identity_api_version: '3'"]
    return '\n'.join(lines) + '\n'
