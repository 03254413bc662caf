"""`check_ledger`: whether wallets, movements, jobs and deliveries agree."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from jobs import credits
from jobs.models import Job
from jobs.models.job import OPEN


class Command(BaseCommand):
    help = "Check that every balance is the sum of its movements and every job was paid for and announced once."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is wrong, one line each; exit 1 if anything is."""
        found = 0
        for finding in chain(credits.wrong_wallets(), credits.wrong_jobs(), wrong_deliveries()):
            found += 1
            self.stdout.write(finding)
        if found:
            raise CommandError(f"The ledger has {found} finding{'s' * (found > 1)}.", returncode=1)
        self.stderr.write("The ledger is right.")


def wrong_deliveries() -> Iterator[str]:
    """A sentence for each job that ended and was not announced, or was announced and has not ended."""
    announced = Q(delivery__isnull=False)
    silent = ~Q(status__in=OPEN) & ~Q(webhook="") & ~announced
    early = Q(status__in=OPEN) & announced
    for job in Job.objects.filter(silent | early).order_by("created"):
        yield f"job {job.pk} ({job.status}): its webhook has {'a' if job.is_open else 'no'} delivery"
