"""The example on the home page: the bundled sample, rendered by this installation itself, through the same story."""

from jobs import lifecycle, media
from jobs.credits import grant, price, wallet_of
from jobs.lifecycle import Order
from jobs.models import Job, Status, User, WalletKind
from jobs.models.job import OPEN, Model

HOUSE = "showcase@mundwerk.invalid"
FACE, VOICE = "face.jpg", "voice.wav"


def current() -> Job | None:
    """The newest example that is done, else the one under way."""
    jobs = Job.objects.filter(showcase=True).select_related("result")
    return jobs.filter(status=Status.DONE).first() or jobs.filter(status__in=OPEN).first()


def ensure() -> None:
    """Have the example made if there is none, or if its file is gone."""
    job = current()
    if job is not None and (job.is_open or (job.result and media.exists(job.result))):
        return
    house, new = User.objects.get_or_create(email=HOUSE, defaults={"is_active": False})
    if new:
        house.set_unusable_password()
        house.save()
    with media.Intake(house) as intake:
        inputs = {"image": intake.from_sample(FACE), "audio": intake.from_sample(VOICE)}
        wallet = wallet_of(house, WalletKind.USER)
        grant(wallet, price(inputs["audio"].facts.seconds or 0, 720), "Example of this installation")
        order = Order(Model.IMAGE, inputs, resolution=720, seed=1, name="Mundwerk")
        lifecycle.submit(house, order, WalletKind.USER, showcase=True)
