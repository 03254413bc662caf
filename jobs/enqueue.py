"""The queue: the only file that knows django-q.

With the ORM broker a kick is a row in the main database: it is written, or rolled
back, with the transaction around it. A kick may be lost or come twice, so every
task is harmless the second time, and the sweep repeats what got lost.
"""

import mmap
import os
import signal
import sys
from datetime import UTC, datetime
from types import FrameType
from typing import Literal

from django.conf import settings
from django.db.models import Min

from jobs.process.layers import die_with_parent

# So that a long video holds up neither a webhook nor the calls to engines on other machines.
Queue = Literal["default", "render", "remote"]

NAME = "Q_CLUSTER_NAME"

# One byte that the processes of a cluster share, because it is mapped before they are forked.
_stop = mmap.mmap(-1, 1)


def queues() -> tuple[Queue, ...]:
    """The queues of this installation."""
    return ("default", *settings.Q_CLUSTER["ALT_CLUSTERS"])


def served(queue: Queue) -> Queue:
    """The queue itself, or the one that stands in for it where nobody serves it."""
    return queue if queue in queues() else "render"


def enqueue(queue: Queue, task: str, *args: str) -> None:
    """Have `jobs.tasks.<task>(*args)` run by a worker of `queue`."""
    from django_q.tasks import async_task

    async_task(f"jobs.tasks.{task}", *args, cluster=queue)


def waiting(queue: Queue) -> int:
    """How many kicks wait in `queue` that no cluster has taken."""
    from django_q.brokers import get_broker

    return int(get_broker(queue).queue_size())


def waiting_since(queue: Queue) -> datetime | None:
    """When the oldest kick that waits in `queue` came there, or became free again; None if none waits."""
    from django_q.models import OrmQ

    # With the ORM broker a kick's lock is the moment from which on a cluster may take it.
    now = datetime.now(UTC)
    oldest: datetime | None = OrmQ.objects.filter(key=queue, lock__lte=now).aggregate(oldest=Min("lock"))["oldest"]
    return oldest


def this_queue() -> str:
    """The queue that this worker serves."""
    return os.environ.get(NAME, "default")


def stopping() -> bool:
    """Whether the cluster around this worker was told to stop: long work should be handed back."""
    return _stop[0] != 0


def run_cluster(queue: Queue) -> None:
    """Run a cluster for `queue` in this process until SIGTERM or SIGINT."""
    if os.environ.get(NAME) != queue:
        # django-q read its name when it was imported: begin again with another one.
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | {NAME: queue})  # noqa: S606
    from django_q.cluster import Cluster

    class StoppingCluster(Cluster):  # type: ignore[misc]
        """Tells its workers that it stops, so that a long job is handed back and not waited for."""

        def sig_handler(self, signum: int, frame: FrameType | None) -> None:
            _stop[0] = 1
            # A second signal while stopping would join the sentinel twice.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            super().sig_handler(signum, frame)

    # Without this, workers whose parent was killed would go on taking tasks.
    os.register_at_fork(after_in_child=die_with_parent)
    StoppingCluster().start()
