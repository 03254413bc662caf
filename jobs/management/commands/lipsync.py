"""`manage.py lipsync FACE VOICE [VOICE] -o OUT`: one video from the command line, without account or queue."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.engines.base import Failed, Model, SpeakingOrder, Work
from jobs.engines.local.engine import LocalEngine
from jobs.media.probe import probe
from jobs.models import MediaKind


class Command(BaseCommand):
    help = "Make a video in which FACE speaks VOICE; with two voices, the two people in a picture hold a conversation."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("face", type=Path, help="a picture (JPEG, PNG, WebP) or a video (MP4, MOV, WebM)")
        parser.add_argument(
            "voice",
            type=Path,
            nargs="+",
            help="a recording (WAV, MP3, M4A, FLAC, Ogg, …); two: the left one first",
        )
        parser.add_argument("-o", "--output", type=Path, required=True, help="the MP4 to write")
        parser.add_argument("--order", choices=get_args(SpeakingOrder), default="meanwhile", help="who speaks when")
        parser.add_argument("--mask", type=Path, help="a picture, white where pixels may change and who speaks")
        parser.add_argument("--resolution", choices=("480p", "720p"), default="480p")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--prompt", default="", help="how to speak: calm, lively, still, whisper, no blinking, …")

    def handle(self, *_: Any, **options: Any) -> None:
        output: Path = options["output"]
        model, sources = self._sources(options["face"], options["voice"], options["mask"])
        for path in sources.values():
            if not path.is_file():
                raise CommandError(f"There is no file {path}.")
        if not output.parent.is_dir():
            raise CommandError(f"There is no folder {output.parent}.")
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
            work = Work(
                job_id="command-line",
                model=model,
                sources={name: path.resolve() for name, path in sources.items()},
                output=Path(folder) / "result.mp4",
                resolution=int(options["resolution"].removesuffix("p")),
                seed=options["seed"],
                prompt=options["prompt"],
                speaking_order=options["order"],
            )
            outcome = LocalEngine().run(work, self._report)
            if self.stderr.isatty():
                self.stderr.write("")
            if isinstance(outcome, Failed):
                raise CommandError(outcome.message.format(**outcome.params))
            output.write_bytes(outcome.path.read_bytes())
        self.stdout.write(f"{output}: {outcome.width}×{outcome.height}, {outcome.seconds:.2f} s at {outcome.fps:g} fps")

    def _sources(self, face: Path, voices: list[Path], mask: Path | None) -> tuple[Model, Mapping[str, Path]]:
        """The kind of video that these files make, by their content, and the files by the API's field names."""
        limits = {"mask_image": mask} if mask else {}
        if len(voices) > 2:
            raise CommandError("At most two voices can be given.")
        if len(voices) == 2:
            return "lipsync-image-multi", {"image": face, "left_audio": voices[0], "right_audio": voices[1], **limits}
        if face.is_file() and probe(face.resolve()).kind == MediaKind.VIDEO:
            return "lipsync-video", {"video": face, "audio": voices[0], **limits}
        return "lipsync-image", {"image": face, "audio": voices[0], **limits}

    def _report(self, progress: float, stage: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{progress:4.0%} {stage:<12}", ending="")
