"""The embedded cloud's Glance: images, of which only the sums are kept."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

from doctor_core import clock, wire
from doctor_core.embedded.rest import (
    Api,
    Call,
    Caller,
    Site,
    field,
    flag,
    page,
)
from doctor_core.model import new_id
from doctor_core.web.server import Refused, Request, Response

PREFIX = '/image'

_TITLES = {400: 'Bad Request', 403: 'Forbidden', 404: 'Not Found',
           409: 'Conflict'}
_PAGE = """\
<html>
 <head>
  <title>{code}</title>
 </head>
 <body>
  <h1>{code}</h1>
  {message}<br /><br />



 </body>
</html>"""
_NULL = type(None)
_WRITTEN: dict[str, Any] = {
    'id': str, 'name': (str, _NULL), 'visibility': str, 'tags': list,
    'container_format': (str, _NULL), 'disk_format': (str, _NULL),
    'min_disk': int, 'min_ram': int, 'protected': bool, 'os_hidden': bool,
    'owner': str}
_READ_ONLY = frozenset({
    'status', 'size', 'virtual_size', 'checksum', 'os_hash_algo',
    'os_hash_value', 'created_at', 'updated_at', 'self', 'file', 'schema'})
_NOT_FILTERS = frozenset({'limit', 'marker', 'sort', 'sort_key', 'sort_dir',
                          'member_status'})

Image = dict[str, Any]


class _GlanceApi(Api):

    def finish(self, request: Request, response: Response) -> Response:
        """An error is a page unless the client asks for JSON."""
        if response.status < 400 or response.status == 401 \
                or 'json' in request.headers.get('Accept', ''):
            return response
        return Response(
            response.status, content_type='text/html',
            body=_PAGE.format(**response.json).encode())


class Glance:
    """Serves what Doctor, its scenarios and their clients ask of Glance."""

    def __init__(self, site: Site,
                 authenticate: Callable[[str], Caller | None]) -> None:
        self._images: dict[str, Image] = {}
        self.api = _GlanceApi(site, PREFIX, authenticate, _error)
        add, member = self.api.add, '/v2/images/{id}'
        for path in ('', '/'):
            add('GET', path, self._versions, status=300, public=True)
        add('GET', '/versions', self._versions, public=True)
        add('GET', '/v2/images', self._list)
        add('POST', '/v2/images', self._create, status=201)
        add('GET', member, lambda call: _view(self._visible(call)))
        add('PATCH', member, self._update)
        add('DELETE', member, self._delete, status=204)
        add('PUT', f'{member}/file', self._upload, status=204)

    def add_ready(self, name: str, owner: str) -> Image:
        """Add an image that everybody can boot at once."""
        image = self._keep(owner, {
            'name': name, 'visibility': 'public', 'disk_format': 'qcow2',
            'container_format': 'bare'})
        self._fill(image, 0, ('', ''))
        return image

    def is_usable(self, image_id: str, project_id: str) -> bool:
        """Whether a project may boot an image."""
        image = self._images.get(image_id)
        return image is not None and image['status'] == 'active' and (
            image['visibility'] in ('public', 'community')
            or image['owner'] == project_id)

    def _versions(self, _call: Call) -> dict[str, Any]:
        return {'versions': [{
            'id': 'v2.17', 'status': 'CURRENT', 'links': [
                {'rel': 'self', 'href': f'{self.api.url}/v2/'}]}]}

    def _keep(self, owner: str, fields: Image) -> Image:
        now = wire.iso(clock.now())[:19] + 'Z'
        image = {'id': new_id(), 'name': None, 'status': 'queued',
                 'visibility': 'shared', 'protected': False, 'tags': [],
                 'os_hidden': False, 'min_disk': 0, 'min_ram': 0,
                 'container_format': None, 'disk_format': None,
                 'size': None, 'virtual_size': None, 'checksum': None,
                 'os_hash_algo': None, 'os_hash_value': None,
                 'owner': owner, 'created_at': now, 'updated_at': now,
                 **fields}
        self._images[image['id']] = image
        return image

    def _fill(self, image: Image, size: int, sums: tuple[str, str]) -> None:
        image |= {'status': 'active', 'size': size, 'checksum': sums[0],
                  'os_hash_algo': 'sha512', 'os_hash_value': sums[1]}

    def _sees(self, image: Image, caller: Caller) -> bool:
        return caller.is_admin or image['owner'] == caller.project_id \
            or image['visibility'] in ('public', 'community')

    def _visible(self, call: Call) -> Image:
        image = self._images.get(call.params['id'])
        if image is None or not self._sees(image, call.caller):
            raise Refused(404, f'Failed to find image {call.params["id"]}')
        return image

    def _own(self, call: Call) -> Image:
        image = self._visible(call)
        if not call.caller.is_admin \
                and image['owner'] != call.caller.project_id:
            raise Refused(403, 'You are not authorized to complete this '
                               'action.')
        return image

    def _list(self, call: Call) -> dict[str, Any]:
        found = [image for image in self._images.values()
                 if self._sees(image, call.caller)
                 and _is_wanted(image, call)]
        part, more = page(found, call.query, key=lambda image: image['id'])
        answer = {'images': [_view(image) for image in part],
                  'first': '/v2/images', 'schema': '/v2/schemas/images'}
        if more:
            answer['next'] = f'/v2/images?marker={part[-1]["id"]}' \
                             f'&limit={len(part)}'
        return answer

    def _create(self, call: Call) -> dict[str, Any]:
        body = call.body()
        for name, kind in _WRITTEN.items():
            if name in body:
                field(body, name, kind)
        if body.get('id') in self._images:
            raise Refused(409, f'Image ID {body["id"]} already exists!')
        self._check_visibility(body, call.caller)
        owner = body.get('owner', call.caller.project_id)
        if owner != call.caller.project_id and not call.caller.is_admin:
            raise Refused(403, "You are not permitted to create images "
                               f"owned by '{owner}'.")
        for name in body:
            _refuse_read_only(name)
            if name not in _WRITTEN:
                field(body, name, str)
        return _view(self._keep(owner, body))

    def _check_visibility(self, body: Image, caller: Caller) -> None:
        visibility = body.get('visibility')
        if visibility not in (None, 'public', 'private', 'shared',
                              'community'):
            raise Refused(400, f'Provided object does not match schema: '
                               f"'{visibility}' is not a visibility")
        if visibility == 'public' and not caller.is_admin:
            raise Refused(403, 'You are not authorized to complete '
                               'publicize_image action.')

    def _update(self, call: Call) -> dict[str, Any]:
        """A JSON patch, of whole members."""
        image, patch = self._own(call), call.request.json()
        if not isinstance(patch, list):
            raise Refused(400, 'Request body must be a JSON array of '
                               'operation objects.')
        changed = dict(image)
        for operation in patch:
            if not isinstance(operation, dict):
                raise Refused(400, 'Operations must be JSON objects.')
            name = field(operation, 'path', str).lstrip('/')
            _refuse_read_only(name)
            if field(operation, 'op', str) == 'remove':
                changed.pop(name, None)
            else:
                changed[name] = operation.get('value')
                if name not in _WRITTEN:
                    field(changed, name, str)
        for name, kind in _WRITTEN.items():
            field(changed, name, kind)
        self._check_visibility(changed, call.caller)
        image.clear()
        image.update(changed)
        return _view(image)

    def _delete(self, call: Call) -> None:
        image = self._own(call)
        if image['protected']:
            raise Refused(403, f'Image {image["id"]} is protected and cannot '
                               'be deleted.')
        del self._images[image['id']]

    async def _upload(self, call: Call) -> None:
        image, content = self._own(call), call.request.body
        if image['status'] != 'queued':
            raise Refused(409, 'Image status transition from '
                               f'{image["status"]} to saving is not allowed')
        if not image['disk_format'] or not image['container_format']:
            raise Refused(400, 'Properties disk_format, container_format '
                               'must be set prior to saving data.')
        image['status'] = 'saving'
        sums = await asyncio.to_thread(_sums, content)
        self._fill(image, len(content), sums)


def _refuse_read_only(name: str) -> None:
    if name in _READ_ONLY:
        raise Refused(403, f"Attribute '{name}' is read-only.")


def _sums(content: bytes) -> tuple[str, str]:
    return (hashlib.md5(content, usedforsecurity=False).hexdigest(),
            hashlib.sha512(content).hexdigest())


def _view(image: Image) -> Image:
    path = f'/v2/images/{image["id"]}'
    return image | {'self': path, 'file': f'{path}/file',
                    'schema': '/v2/schemas/image'}


def _is_wanted(image: Image, call: Call) -> bool:
    for name, text in call.query.items():
        if name == 'tag':
            if text not in image['tags']:
                return False
        elif name not in _NOT_FILTERS and name in image:
            value = image[name]
            same = value == flag(text) if isinstance(value, bool) \
                else str(value) == text.removeprefix('in:')
            if not same and not (name == 'visibility' and text == 'all'):
                return False
    return 'os_hidden' in call.query or not image['os_hidden']


def _error(refused: Refused) -> dict[str, Any]:
    title = _TITLES.get(refused.status, 'Error')
    return {'message': refused.message, 'code': f'{refused.status} {title}',
            'title': title}
