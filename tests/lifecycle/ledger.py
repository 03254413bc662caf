"""What a job has left behind: in the queues, in the wallet, on the disk."""

from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from django_q.models import OrmQ

from jobs.models import Job, Wallet

HOOK = "http://example.org/hook"


def kicks(queue: str = "render") -> list[str]:
    """The ids that wait in a queue, oldest first."""
    return [entry.task["args"][0] for entry in OrmQ.objects.filter(key=queue).order_by("pk")]


def kinds(job: Job) -> list[str]:
    """What happened to the job's credits, oldest first."""
    return list(job.movements.order_by("pk").values_list("kind", flat=True))


def balances(job: Job) -> tuple[int, int]:
    wallet = Wallet.objects.get(pk=job.wallet_id)
    return wallet.available, wallet.held


def stored(data_dir: Path) -> list[Path]:
    return [path for path in (data_dir / "media").rglob("*") if path.is_file()]


def expire_lease(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
