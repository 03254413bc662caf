"""The shape of what people send: forms, without opinion on what is in the files."""

from datetime import date, datetime, time, timedelta

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs.credits import CREDITS_PER_SECOND
from jobs.lifecycle import MAX_SEED

RESOLUTIONS = [(str(short_side), f"{short_side}p") for short_side in CREDITS_PER_SECOND]
MAX_PROMPT = 500
MISSING: dict[str, str | Promise] = {
    "image": _("Choose a picture."),
    "audio": _("Choose a recording."),
}
EMPTY = _("The file is empty. Choose another one.")
NOT_ARRIVED = _("The file did not arrive. Choose it again.")

ON_DAY = "day"
LIFETIMES = [
    ("", _("Never")),
    ("30", _("In 30 days")),
    ("90", _("In 90 days")),
    ("365", _("In a year")),
    (ON_DAY, _("On a day of your choice")),
]
MAX_LIFETIME = timedelta(days=3653)
NO_LIFETIME = _("Choose one of the list.")
NO_DAY = _("Choose a day from today to ten years from now.")


class StudioForm(forms.Form):
    """A photo and a voice, or the bundled sample (`sample`: image, audio, or 1 for both) in their place."""

    image = forms.FileField(
        required=False, allow_empty_file=False, error_messages={"empty": EMPTY, "invalid": NOT_ARRIVED}
    )
    audio = forms.FileField(
        required=False, allow_empty_file=False, error_messages={"empty": EMPTY, "invalid": NOT_ARRIVED}
    )
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

    def samples(self) -> set[str]:
        """The fields for which the sample is to be taken, if no file was sent."""
        chosen = set(self.data.getlist("sample")) if hasattr(self.data, "getlist") else set()
        return set(MISSING) if "1" in chosen else chosen & set(MISSING)

    def file(self, field: str) -> UploadedFile | None:
        """What was sent for `field`; None if nothing was, or what was is refused."""
        return self.cleaned_data.get(field) or None

    def clean(self) -> None:
        for field, sentence in MISSING.items():
            if not self.file(field) and field not in self.samples() and field not in self.errors:
                self.add_error(field, str(sentence))


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
