"""What hanging servers cost others: `python -m tests.bench.bench_webhooks`, with a real queue and real servers.

One account announces webhooks to a server that answers, some every second. How long does each wait for its first
attempt, first alone, then while another account's hundred servers take connections and never answer? The goal: the
95th percentile moves by less than 20 %. HANGING=0 gives two runs alike, whose difference is the machine's own.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
HANGING = int(os.environ.get("HANGING", "100"))
SENT, EVERY_SECONDS = int(os.environ.get("SENT", "120")), 0.25
GOAL = 0.2


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "DATA_DIR": folder, "ALLOW_PRIVATE_NETWORK": "1", "DJANGO_SETTINGS_MODULE": "lipsync_site.settings",
        }  # fmt: skip
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        with services():
            compare()


@contextmanager
def services() -> Iterator[None]:
    """The worker of the webhooks' queue and the sweep, as `manage.py serve` starts them."""
    commands = (["worker", "default"], ["sweep", "--every", "5"])
    started = [subprocess.Popen([sys.executable, str(ROOT / "manage.py"), *command], cwd=ROOT) for command in commands]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


def compare() -> None:
    from jobs.models import Delivery, User
    from jobs.webhooks import delivery as delivering
    from jobs.webhooks import send_test
    from tests.hook_server import hook_server

    delivering.MAX_TESTS = 1_000_000
    good, bad = (User.objects.create_user(f"{name}@example.org") for name in ("good", "bad"))

    def first_waits() -> list[float]:
        sent = []
        for _ in range(SENT):
            sent.append(send_test(good, server.url, {}).pk)
            time.sleep(EVERY_SECONDS)
        while Delivery.objects.filter(pk__in=sent, tries=0).exists():
            time.sleep(0.2)
        found = Delivery.objects.filter(pk__in=sent).prefetch_related("attempts")
        return sorted((one.attempts.all()[0].at - one.created).total_seconds() for one in found)

    with hook_server() as server, hanging_servers(HANGING) as addresses:
        first_waits()  # everything is loaded
        alone = first_waits()
        for address in addresses:
            send_test(bad, address, {})
        beside = first_waits()
        tried = Delivery.objects.filter(user=bad, tries__gt=0).count()
    for name, waits in (("alone", alone), (f"beside {HANGING} that hang", beside)):
        print(f"{name:<24}median {median(waits) * 1000:6.0f} ms   p95 {p95(waits) * 1000:6.0f} ms")
    moved = p95(beside) / p95(alone) - 1
    print(f"p95 moved by {moved:+.0%} (goal: less than {GOAL:.0%}); {tried} of {HANGING} given their deadline")


@contextmanager
def hanging_servers(count: int) -> Iterator[list[str]]:
    """Addresses that take connections (the system does, unasked) and never answer."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    yield [f"http://127.0.0.1:{one.getsockname()[1]}/hook" for one in sockets]
    for one in sockets:
        one.close()


def p95(waits: list[float]) -> float:
    return waits[int(len(waits) * 0.95)]


if __name__ == "__main__":
    main()
