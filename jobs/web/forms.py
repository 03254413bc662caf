"""The shape of what people send: forms, without opinion on what is in the files."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
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
    """A new API key. The name is for its owner alone."""

    name = forms.CharField(
        required=False, max_length=80, error_messages={"max_length": _("Use at most %(limit_value)d characters.")}
    )
