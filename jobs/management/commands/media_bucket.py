"""`manage.py media_bucket`: make the S3 bucket fit for the files of this installation, and check that it is private."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.media.places.bucket import BucketProblem, set_up


class Command(BaseCommand):
    help = "Let our pages talk to the bucket, have left-over uploads expire, check that it is private. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--create", action="store_true", help="make the bucket first, if it is not there")

    def handle(self, *_: Any, **options: Any) -> None:
        if settings.MEDIA != "s3":
            raise CommandError("MEDIA is not s3: files are kept on the disk.")
        try:
            for step in set_up(create=options["create"]):
                self.stdout.write(step)
        except BucketProblem as problem:
            raise CommandError(str(problem)) from problem
