"""The two forms of several videos at once: one face with many voices, or a table."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from jobs.web.forms import EMPTY, MAX_PROMPT, NOT_ARRIVED, RESOLUTIONS

AT_MOST = _("Use at most %(limit_value)d characters.")


class _ManyFiles(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: object, files: Any, name: str) -> list[UploadedFile]:
        return list(files.getlist(name))


class _FilesField(forms.FileField):
    """Any number of files; cleaned, a list."""

    widget = _ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [one for one in data or [] if one]
        if not files:
            super().clean(None, initial)
        return files


def _file(missing: Any) -> forms.FileField:
    return forms.FileField(error_messages={"empty": EMPTY, "invalid": NOT_ARRIVED, "required": missing})


class _Several(forms.Form):
    name = forms.CharField(required=False, max_length=120, error_messages={"max_length": AT_MOST})
    consent = forms.BooleanField(error_messages={"required": _("Without this consent no video can be made.")})


class VoicesForm(_Several):
    """One face, a picture or a video, and a recording for each video."""

    face = _file(_("Choose a picture or a video."))
    voices = _FilesField(error_messages={"required": _("Choose the recordings, one for each video.")})
    resolution = forms.ChoiceField(choices=RESOLUTIONS, initial=RESOLUTIONS[0][0])
    prompt = forms.CharField(required=False, max_length=MAX_PROMPT, error_messages={"max_length": AT_MOST})


class TableForm(_Several):
    """A table of videos, and the files that it names."""

    table = _file(_("Choose a table."))
    attached = _FilesField(required=False)
