"""Files of a node: looked at, replaced whole or not at all.

Each step is one constant script of POSIX shell and GNU coreutils, whose
words are arguments and whose content comes by standard input: a connection
that is cut in the middle leaves either the old file or the new one. Content
is compared with what was read before, so that nobody's work is overwritten.
"""

import base64
import dataclasses
import hashlib
from collections.abc import Mapping

from doctor_core.exceptions import BackendError, Conflict
from doctor_core.runner import Runner
from doctor_core.runner.base import SUDO

#: The digest of a file that is not there.
ABSENT = 'absent'
_MISMATCH = 3
_TIMEOUT_S = 60.0

_BEGIN = '''
set -e
export LC_ALL=C
umask 077
digest() {
    if [ -e "$1" ]; then sha256sum < "$1" | cut -d " " -f 1
    else echo absent; fi
}
'''

READ = _BEGIN + '''
path=$(readlink -m -- "$1")
printf '%s\\n' "$path"
if attributes=$(stat -c '%a %u %g' -- "$path" 2>&1); then
    [ -f "$path" ] || { echo "it is no file" >&2; exit 1; }
    printf '%s\\n' "$attributes"
    base64 -w 0 < "$path"
else case $attributes in
    *"No such file"*) ;;
    *) printf '%s\\n' "$attributes" >&2; exit 1;;
esac fi
'''

# The digest at the end is of what arrived: standard input also ends when the
# connection does.
REPLACE = _BEGIN + '''
path=$1 old=$2 new=$3 mode=$4 owner=$5
folder=$(dirname -- "$path")
[ -d "$folder" ] || { echo "there is no folder $folder" >&2; exit 1; }
fresh=$path.doctor-new
trap 'rm -f -- "$fresh"' EXIT
rm -f -- "$fresh"
if [ "$new" != absent ]; then
    if [ -e "$path" ]; then
        cp --attributes-only --preserve=all -- "$path" "$fresh"
        [ "$(stat -c '%a %u %g' -- "$path")" = \\
          "$(stat -c '%a %u %g' -- "$fresh")" ] ||
            { echo "its owner or mode cannot be kept" >&2; exit 1; }
    fi
    cat > "$fresh"
    [ "$(digest "$fresh")" = "$new" ] ||
        { echo "its content did not arrive whole" >&2; exit 1; }
    if [ ! -e "$path" ]; then
        chmod "$mode" -- "$fresh"
        if [ -n "$owner" ]; then chown "$owner" -- "$fresh"
        else chown --reference="$folder" -- "$fresh" 2> /dev/null || :; fi
    fi
    sync -- "$fresh"
fi
case $(digest "$path") in
    "$new") exit 0;;
    "$old") ;;
    *) exit 3;;
esac
if [ "$new" = absent ]; then rm -f -- "$path"
else mv -f -- "$fresh" "$path"; fi
sync -- "$folder"
'''

TIDY = _BEGIN + '''
path=$1
rm -f -- "$path.doctor-new"
if [ "$(digest "$path.doctor-original")" = "$2" ]; then
    rm -f -- "$path.doctor-original"
fi
'''

MAKE_FOLDER = _BEGIN + '''
mkdir -p -- "$1"
sync -- "$(dirname -- "$1")"
'''

READ_ALL = _BEGIN + '''
if error=$(stat -- "$1" 2>&1); then :
else case $error in
    *"No such file"*) exit 0;;
    *) printf '%s\\n' "$error" >&2; exit 1;;
esac fi
ls -- "$1" > /dev/null
for path in "$1"/*; do
    case $path in *.doctor-new) continue;; esac
    [ -f "$path" ] || continue
    printf '%s ' "${path##*/}"
    base64 -w 0 < "$path"
    echo
done
'''

FOLDERS = _BEGIN + '''
for path in "$1"/*/; do
    if [ -d "$path" ]; then basename -- "$path"; fi
done
'''

RENAME = _BEGIN + '''
cd -- "$1" 2> /dev/null || exit 0
new=$2
shift 2
for old; do
    if [ -e "$old" ]; then mv -f -- "$old" "$new"; fi
done
sync -- .
'''

REMOVE = _BEGIN + '''
folder=$1
[ -d "$folder" ] || exit 0
shift
for name; do
    rm -f -- "$folder/$name" "$folder/$name.doctor-new"
done
sync -- "$folder"
rmdir --ignore-fail-on-non-empty -- "$folder"
'''


def digest(content: bytes | None) -> str:
    """What a content is compared by: SHA-256 in hexadecimal."""
    return ABSENT if content is None \
        else hashlib.sha256(content).hexdigest()


@dataclasses.dataclass(frozen=True)
class File:
    """A file as it was read.

    :ivar path: where it really is, symbolic links followed.
    :ivar content: None when it is not there.
    :ivar mode: its permission bits.
    :ivar owner: the numbers of user and group, ``0:0``; empty when it is
        not there.
    """

    path: str
    content: bytes | None = None
    mode: int = 0o644
    owner: str = ''

    @property
    def digest(self) -> str:
        return digest(self.content)


class Files:
    """The files of one node; every method blocks, and raises BackendError
    when the node cannot be asked or refuses.

    :param runner: how the node is reached.
    :param sudo: whether root is needed for the files.
    """

    def __init__(self, runner: Runner, sudo: bool = False) -> None:
        self._runner = runner
        self._prefix = SUDO if sudo or runner.sudo else ()

    def read(self, path: str) -> File:
        """A file; one that is not there has no content.

        :raises BackendError: it is no file, or may not be read.
        """
        lines = self._run(READ, path).split('\n')
        if len(lines) < 3:
            return File(lines[0])
        mode, user, group = lines[1].split()
        return File(lines[0], base64.b64decode(lines[2]), int(mode, 8),
                    f'{user}:{group}')

    def replace(self, old: File, content: bytes | None) -> None:
        """Put another content into the place of what was read, and keep
        mode, owner and all other attributes; a file without a content is
        removed.

        On the disk when this returns; may be repeated.

        :param old: what is there; for a file that is not there its mode
            says that of the new one, and its owner, which is the folder's
            when empty.
        :raises Conflict: something else is there.
        :raises BackendError: what was there is still there, unless the
            connection was lost, when nobody knows.
        """
        self._run(REPLACE, old.path, old.digest, digest(content),
                  f'{old.mode:o}', old.owner, content=content)

    def keep_beside(self, file: File) -> str:
        """Keep what a file once was beside what it is now.

        :returns: the path of it.
        """
        path = f'{file.path}.doctor-original'
        there = self.read(path)
        self.replace(dataclasses.replace(
            file, path=path, content=there.content), file.content)
        return path

    def tidy(self, file: File) -> None:
        """Remove what an interrupted change of a file has left beside it,
        and what ``keep_beside`` kept if it was the same.
        """
        self._run(TIDY, file.path, file.digest)

    def make_folder(self, path: str) -> None:
        """Make a folder, and those above it, for nobody else to read."""
        self._run(MAKE_FOLDER, path)

    def read_all(self, folder: str) -> Mapping[str, bytes]:
        """The files of a folder by name; none when there is no folder."""
        found = {}
        for line in self._run(READ_ALL, folder).splitlines():
            name, _, content = line.rpartition(' ')
            found[name] = base64.b64decode(content)
        return found

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder; none when there is none."""
        return self._run(FOLDERS, folder).splitlines()

    def rename(self, folder: str, new: str, *olds: str) -> None:
        """Give that of the old names which is there the new one."""
        self._run(RENAME, folder, new, *olds)

    def remove(self, folder: str, *names: str) -> None:
        """Remove those files that are there, and then the folder if it is
        empty.
        """
        self._run(REMOVE, folder, *names)

    def _run(self, script: str, path: str, *words: str,
             content: bytes | None = None) -> str:
        done = self._runner.execute(
            [*self._prefix, 'sh', '-c', script, 'doctor', path, *words],
            timeout_s=_TIMEOUT_S, input=content)
        if done.status == _MISMATCH:
            raise Conflict(f'{path} was changed by somebody else')
        if done.status:
            # Neither the script nor its output: that may be a secret.
            said = done.errors.decode(errors='replace').strip()
            raise BackendError(f'{path}: {said or f"status {done.status}"}')
        return done.output.decode()
