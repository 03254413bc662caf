"""The shape of what people send: forms, without opinion on what is in the files."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.credits import CREDITS_PER_SECOND
from jobs.lifecycle import MAX_SEED
from jobs.media import SAMPLES_OF
from jobs.models.job import Model

RESOLUTIONS = [(str(short_side), f"{short_side}p") for short_side in CREDITS_PER_SECOND]
MAX_PROMPT = 500
# The files that each kind of video is made of, by the API's names.
PARTS: Mapping[str, tuple[str, ...]] = {
    Model.IMAGE: ("image", "audio"),
    Model.VIDEO: ("video", "audio"),
    Model.MULTI: ("image", "left_audio", "right_audio"),
}
MASK = "mask_image"
FILES = (*dict.fromkeys(field for parts in PARTS.values() for field in parts), MASK)
ORDERS = [
    ("meanwhile", _("At the same time")),
    ("left_right", _("First left, then right")),
    ("right_left", _("First right, then left")),
]
MISSING: dict[str, str | Promise] = {
    "image": _("Choose a picture."),
    "video": _("Choose a video."),
    "audio": _("Choose a recording."),
    "left_audio": _("Choose a recording for the person on the left."),
    "right_audio": _("Choose a recording for the person on the right."),
}
EMPTY = _("The file is empty. Choose another one.")
NOT_ARRIVED = _("The file did not arrive. Choose it again.")

MAX_SIDE = 100_000  # pixels
MAX_LOOK_BYTES = 5_000_000

ON_DAY = "day"
LIFETIMES = [
    ("", _("Never")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
    (ON_DAY, _("On a day of your choice")),
]
SHARED_FOR = [("", _("Until I stop it")), ("1", _("For a day")), ("7", _("For a week")), ("30", _("For 30 days"))]
MAX_LIFETIME = timedelta(days=3653)
NO_LIFETIME = _("Choose one from the list.")
NO_DAY = _("Choose a day from today to ten years from now.")


def _file() -> forms.FileField:
    return forms.FileField(
        required=False, allow_empty_file=False, error_messages={"empty": EMPTY, "invalid": NOT_ARRIVED}
    )


class StudioForm(forms.Form):
    """One of three kinds of video: its files, or what stands in for them.

    For a file that was not sent may stand one that was sent ahead (`sent`: a field's name, a colon, the upload's id),
    the bundled sample (`sample`: a field's name, or 1 for all), or the file of the job `like` (`keep`: a field's name).
    """

    model = forms.ChoiceField(choices=Model.choices, required=False)
    image = _file()
    video = _file()
    audio = _file()
    left_audio = _file()
    right_audio = _file()
    mask_image = _file()
    order = forms.ChoiceField(choices=ORDERS, required=False)
    resolution = forms.ChoiceField(choices=RESOLUTIONS, initial=RESOLUTIONS[0][0])
    prompt = forms.CharField(
        required=False,
        max_length=MAX_PROMPT,
        error_messages={"max_length": _("Use at most %(limit_value)d characters.")},
    )
    seed = forms.IntegerField(
        required=False,
        min_value=-1,
        max_value=MAX_SEED,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"),
            _("The seed is a whole number from 0 to 2147483647. Leave it empty for a random one."),
        ),
    )
    consent = forms.BooleanField(error_messages={"required": _("Without this consent no video can be made.")})

    @property
    def kind(self) -> Model:
        """The kind that is asked for; a photo unless another one is."""
        asked = self.data.get("model") if self.is_bound else self.initial.get("model")
        return Model(asked) if asked in Model.values else Model.IMAGE

    @property
    def parts(self) -> tuple[str, ...]:
        """The files that this kind needs."""
        return PARTS[self.kind]

    def engine(self, kind: str) -> str:
        """The engine that was chosen for a kind of video; empty for any."""
        return str(self.data.get(f"engine-{kind}", ""))

    def samples(self) -> set[str]:
        """The fields for which the sample is to be taken, if no file was sent."""
        may, chosen = set(SAMPLES_OF[self.kind]), self._named("sample")
        return may if "1" in chosen else chosen & may

    def keeps(self) -> set[str]:
        """The fields whose file is to be that of the job `like`, if none was sent."""
        return self._named("keep") & {*self.parts, MASK}

    def sent(self) -> dict[str, str]:
        """The ids of uploads, by the fields whose files they are."""
        named = (one.partition(":") for one in self._named("sent"))
        return {field: upload for field, _, upload in named if field in {*self.parts, MASK}}

    def file(self, field: str) -> UploadedFile | None:
        """What was sent for `field`; None if nothing was, or what was is refused."""
        return self.cleaned_data.get(field) or None

    def clean(self) -> None:
        for field in self.parts:
            stands_in = field in self.sent() or field in self.samples() or field in self.keeps()
            if not self.file(field) and not stands_in and field not in self.errors:
                self.add_error(field, str(MISSING[field]))

    def _named(self, name: str) -> set[str]:
        return set(self.data.getlist(name)) if hasattr(self.data, "getlist") else set()


class UploadForm(forms.Form):
    """A file that is to be sent ahead; `type` is what the browser takes it for."""

    filename = forms.CharField(max_length=255)
    type = forms.RegexField(r"^[\w.+-]+/[\w.+-]+(; ?[\w.+=-]+)*$", max_length=100, required=False)
    size = forms.IntegerField(min_value=1, error_messages={"min_value": EMPTY})


class LookForm(forms.Form):
    """A picture to look for faces in: as it is or as a smaller copy, with the size of the picture itself."""

    picture = forms.FileField(error_messages={"required": NOT_ARRIVED, "empty": EMPTY, "invalid": NOT_ARRIVED})
    width = forms.IntegerField(min_value=1, max_value=MAX_SIDE)
    height = forms.IntegerField(min_value=1, max_value=MAX_SIDE)

    def clean_picture(self) -> UploadedFile:
        picture: UploadedFile = self.cleaned_data["picture"]
        if (picture.size or 0) > MAX_LOOK_BYTES:
            raise forms.ValidationError(_("The copy of the picture is too large to be looked at."))
        return picture


class KeyForm(forms.Form):
    """A new API key, and until when it counts. The name is for its owner alone."""

    name = forms.CharField(
        required=False, max_length=80, error_messages={"max_length": _("Use at most %(limit_value)d characters.")}
    )
    expires = forms.ChoiceField(choices=LIFETIMES, required=False, error_messages={"invalid_choice": NO_LIFETIME})
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"], error_messages={"invalid": NO_DAY})

    def clean(self) -> None:
        if self.cleaned_data.get("expires") != ON_DAY or "day" in self.errors:
            return
        day: date | None = self.cleaned_data.get("day")
        today = timezone.localdate()
        if day is None or not today <= day <= today + MAX_LIFETIME:
            self.add_error("day", str(NO_DAY))

    def until(self) -> datetime | None:
        """When the key expires: the end of the chosen day, or so many days from now; None for never."""
        chosen = self.cleaned_data["expires"]
        if chosen == ON_DAY:
            return timezone.make_aware(datetime.combine(self.cleaned_data["day"], time.max))
        return timezone.now() + timedelta(days=int(chosen)) if chosen else None


class AddressForm(forms.Form):
    """Where a test event is to go; whether it may go there is not for the form to know."""

    url = forms.CharField(
        max_length=2048,
        error_messages={
            "required": _("Type the address of your server."),
            "max_length": _("Use at most %(limit_value)d characters."),
        },
    )


class RemovalForm(forms.Form):
    """That the account is really to go."""

    sure = forms.BooleanField(error_messages={"required": _("Confirm that you know it cannot be undone.")})


class ShareForm(forms.Form):
    """For how long a video is shared."""

    lifetime = forms.ChoiceField(choices=SHARED_FOR, required=False)

    def days(self) -> int:
        """0 for ever, also where anything else was sent."""
        chosen = self.cleaned_data.get("lifetime", "") if self.is_valid() else ""
        return int(chosen or 0)


class ComplaintForm(forms.Form):
    """What is wrong with a shared video."""

    text = forms.CharField(
        max_length=2000,
        error_messages={
            "required": _("Say what is wrong with this video."),
            "max_length": _("Use at most %(limit_value)d characters."),
        },
    )
