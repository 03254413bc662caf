"""What the queue runs: ids in, one call. Each is harmless the second time."""

from jobs import accounts, health, lifecycle, webhooks
from jobs.enqueue import this_queue


def start_job(job_id: str) -> None:
    lifecycle.start(job_id, this_queue())


def look(job_id: str) -> None:
    lifecycle.look(job_id)


def recall(job_id: str) -> None:
    lifecycle.recall(job_id)


def deliver(delivery_id: str) -> None:
    webhooks.begin(delivery_id)


def beat(queue: str) -> None:
    health.beat(queue)


def drop_files(user_id: str) -> None:
    accounts.drop_files(int(user_id))
