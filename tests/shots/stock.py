"""Fills an account of a running product with what a gallery can hold: run inside it, by `manage.py shell`."""

import tempfile
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from jobs import credits, keys, lifecycle, media
from jobs.lifecycle import Order
from jobs.media import Draft
from jobs.media.probe import Facts
from jobs.models import Job, MediaKind, Status, User, WalletKind
from jobs.models.job import Model
from tests import files

FAR = timedelta(days=365)  # so that nobody takes the job back while the pictures are taken


def stock(email: str) -> None:
    """Two videos, one that will fail, one cancelled, one that stands still at 42 %, a key, credits of both kinds."""
    user = User.objects.get(email=email)
    credits.grant(credits.wallet_of(user, WalletKind.API), 1200, "For your programs")
    keys.create(user, "Old laptop")
    with media.Intake(user) as intake, tempfile.TemporaryDirectory() as folder:
        voice = intake.from_sample("voice.wav")
        wall = files.write_png(Path(folder, "wall.png"), 640, 640)
        faceless = Draft(wall, wall.name, "image/png", Facts(MediaKind.IMAGE, None, 640, 640))
        photo = {"image": intake.from_sample("face.jpg"), "audio": voice}
        made = (
            Order(Model.IMAGE, photo, resolution=480, name="Welcome to the workshop"),
            Order(
                Model.IMAGE,
                photo,
                resolution=720,
                prompt="lively, smiling",
                name="A rather long name that no card can show whole",
            ),
            Order(Model.IMAGE, photo | {"image": faceless}, resolution=480, name="A wall"),
        )
        for order in made:
            lifecycle.submit(user, order, WalletKind.USER)
        dropped = lifecycle.submit(
            user, Order(Model.IMAGE, photo, resolution=480, name="Changed my mind"), WalletKind.USER
        )
        lifecycle.cancel(user, dropped.pk)
        with transaction.atomic():
            stands = lifecycle.submit(
                user, Order(Model.IMAGE, photo, resolution=480, name="Good morning"), WalletKind.USER
            )
            now = timezone.now()
            Job.objects.filter(pk=stands.pk).update(
                status=Status.RUNNING, stage="drawing", progress=0.42, started=now, lease_until=now + FAR
            )
