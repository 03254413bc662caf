"""`manage.py worker QUEUE`: do the tasks of one queue until told to stop."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.enqueue import queues, run_cluster


class Command(BaseCommand):
    help = "Do the tasks of one queue until SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queue", choices=queues())

    def handle(self, *_: Any, **options: Any) -> None:
        run_cluster(options["queue"])
