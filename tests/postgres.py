"""`python -m tests.postgres COMMAND…`: run a command beside a PostgreSQL of its own, its address in DATABASE_URL."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = DATABASE = "mundwerk"
SERVANT = "postgres"  # the server refuses to run as root; Debian's package makes this account
# As fast as it gets: what the tests write need not survive anything.
HASTY = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300"


def main() -> int:
    """Run what the command line says; its exit code."""
    with running() as address:
        return subprocess.run(sys.argv[1:], env=os.environ | {"DATABASE_URL": address}, check=False).returncode


@contextmanager
def running() -> Iterator[str]:
    """A cluster in a temporary folder, gone afterwards: its database URL."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="mundwerk-postgres-") as folder:
        place, port = Path(folder), _free_port()
        data = place / "data"
        if _is_root():
            shutil.chown(place, SERVANT)
        _as_servant(binaries / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -k {place} {HASTY}"
        _as_servant(binaries / "pg_ctl", "-D", data, "-l", place / "log", "-o", options, "--wait", "start")
        try:
            _as_servant(binaries / "createdb", "-h", place, "-p", port, "-U", USER, DATABASE)
            yield f"postgres://{USER}@127.0.0.1:{port}/{DATABASE}"
        finally:
            _as_servant(binaries / "pg_ctl", "-D", data, "--mode=immediate", "stop")


def _binaries() -> Path:
    """The newest version's programs, where Debian keeps them or wherever the PATH leads."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    program = found[-1] if found else shutil.which("initdb")
    if not program:
        raise SystemExit("PostgreSQL is not on this machine; install it: apt-get install postgresql")
    return Path(program).parent


def _as_servant(*command: object) -> None:
    """Run one of PostgreSQL's programs, not as root."""
    words = [str(word) for word in command]
    if _is_root():
        words = ["setpriv", f"--reuid={SERVANT}", f"--regid={SERVANT}", "--clear-groups", *words]
    done = subprocess.run(words, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{Path(str(command[0])).name} failed: {done.stderr.strip()}")


def _is_root() -> bool:
    return os.geteuid() == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
