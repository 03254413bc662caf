"""`manage.py lipsync FACE VOICE -o OUT`: one video from the command line, without account or queue."""

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.engines.base import Failed, Work
from jobs.engines.registry import engine


class Command(BaseCommand):
    help = "Make a video in which FACE speaks VOICE."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("face", type=Path, help="a picture: JPEG, PNG or WebP")
        parser.add_argument("voice", type=Path, help="a recording: WAV, MP3, M4A, FLAC, OGG, …")
        parser.add_argument("-o", "--output", type=Path, required=True, help="the MP4 to write")
        parser.add_argument("--resolution", choices=("480p", "720p"), default="480p")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--prompt", default="")

    def handle(self, *_: Any, **options: Any) -> None:
        output: Path = options["output"]
        for path in (options["face"], options["voice"]):
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        if not output.parent.is_dir():
            raise CommandError(f"There is no folder {output.parent}.")
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
            work = Work(
                job_id="command-line",
                model="lipsync-image",
                sources={"image": options["face"].resolve(), "audio": options["voice"].resolve()},
                output=Path(folder) / "result.mp4",
                resolution=int(options["resolution"].removesuffix("p")),
                seed=options["seed"],
                prompt=options["prompt"],
            )
            outcome = engine(settings.ENGINE).run(work, self._report)
            if self.stderr.isatty():
                self.stderr.write("")
            if isinstance(outcome, Failed):
                raise CommandError(outcome.message.format(**outcome.params))
            output.write_bytes(outcome.path.read_bytes())
        self.stdout.write(f"{output}: {outcome.width}×{outcome.height}, {outcome.seconds:.2f} s at {outcome.fps:g} fps")

    def _report(self, progress: float, stage: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{progress:4.0%} {stage:<12}", ending="")
