"""An S3 server for tests: Ceph's object gateway with its own one-node cluster, in memory. Debian: `make s3`."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")
START_SECONDS = 90
STOP_SECONDS = 15


@dataclass(frozen=True)
class Server:
    """A running server: its address, and the keys of its one user."""

    endpoint: str
    access_key: str = "AKIATEST"
    secret_key: str = "secretsecretsecret"

    def settings(self, bucket: str) -> dict[str, str]:
        """An installation's settings that keep its files there."""
        return {
            "MEDIA": "s3",
            "S3_ENDPOINT": self.endpoint,
            "S3_BUCKET": bucket,
            "S3_ACCESS_KEY": self.access_key,
            "S3_SECRET_KEY": self.secret_key,
        }


@contextmanager
def running() -> Iterator[Server]:
    """A server in a temporary folder, gone afterwards."""
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        raise SystemExit(f"No {', '.join(missing)} on this machine; run: make s3")
    with tempfile.TemporaryDirectory(prefix="mundwerk-s3-") as folder, ExitStack() as stack:
        place = Path(folder)
        monitor, gateway = _free_port(), _free_port()
        conf = _configured(place, monitor, gateway)
        _prepared(place, conf, monitor)
        stack.enter_context(_service(place, "ceph-mon", "-f", "-i", "a", "-c", conf))
        _run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", uuid.uuid4(), "-c", conf)
        number = (place / "osd" / "fsid").read_text().strip()
        _run("ceph", "-c", conf, "osd", "new", number, "0")
        stack.enter_context(_service(place, "ceph-osd", "-f", "-i", "0", "-c", conf))
        _run("ceph", "-c", conf, "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=h")
        stack.enter_context(_service(place, "radosgw", "-f", "-n", "client.rgw", "-c", conf))
        server = Server(f"http://127.0.0.1:{gateway}")
        _wait_for(server.endpoint, place)
        _run(
            "radosgw-admin", "-c", conf, "user", "create", "--uid=t", "--display-name=t",
            f"--access-key={server.access_key}", f"--secret-key={server.secret_key}",
        )  # fmt: skip
        yield server


def _configured(place: Path, monitor: int, gateway: int) -> Path:
    for name in ("mon", "osd", "run", "log"):
        (place / name).mkdir()
    conf = place / "ceph.conf"
    conf.write_text(f"""[global]
fsid={uuid.uuid4()}
mon_host=[v2:127.0.0.1:{monitor}]
public_addr=127.0.0.1
cluster_addr=127.0.0.1
auth_cluster_required=cephx
auth_service_required=cephx
auth_client_required=cephx
keyring={place}/keyring
osd_pool_default_size=1
osd_pool_default_min_size=1
osd_pool_default_pg_num=1
osd_pool_default_pgp_num=1
osd_pool_default_pg_autoscale_mode=off
mon_allow_pool_size_one=true
osd_crush_chooseleaf_type=0
osd_objectstore=memstore
memstore_device_bytes=2147483648
osd_max_object_name_len=1024
mon_data={place}/mon
osd_data={place}/osd
admin_socket={place}/run/$name.asok
log_file={place}/log/$name.log
run_dir={place}/run
ms_bind_ipv6=false
mon_warn_on_insecure_global_id_reclaim=false
mon_warn_on_insecure_global_id_reclaim_allowed=false
[client.rgw]
rgw_frontends=beast endpoint=127.0.0.1:{gateway}
rgw_dns_name=
rgw_enable_ops_log=false
rgw_max_concurrent_requests=64
""")
    return conf


def _prepared(place: Path, conf: Path, monitor: int) -> None:
    """The keys, and the monitor's empty store."""
    keyring = place / "keyring"
    _run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    for name in ("client.admin", "client.rgw", "osd.0"):
        caps = [word for daemon in ("mon", "osd", "mgr") for word in ("--cap", daemon, "allow *")]
        _run("ceph-authtool", keyring, "--gen-key", "-n", name, *caps)
    fsid = next(line for line in conf.read_text().splitlines() if line.startswith("fsid=")).removeprefix("fsid=")
    monmap = place / "monmap"
    _run("monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{monitor}]", monmap)
    _run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring, "-c", conf)


@contextmanager
def _service(place: Path, *command: object) -> Iterator[None]:
    words = [str(word) for word in command]
    with (place / "log" / f"{words[0]}.out").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        # There is nothing to keep, so nothing to wind down.
        process.send_signal(signal.SIGKILL)
        process.wait(STOP_SECONDS)


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    env = os.environ | {"CEPH_CONF": ""}
    done = subprocess.run(
        words, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    if done.returncode:
        raise SystemExit(f"{words[0]} failed: {done.stderr.strip()[-2000:]}")


def _wait_for(endpoint: str, place: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(endpoint, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"The gateway did not answer: {(place / 'log' / 'radosgw.out').read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
