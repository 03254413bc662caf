"""The faces in a picture that was chosen in the studio, for its script: the page works without."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jobs import limits
from jobs.errors import InvalidInput, Problem, RateLimited
from jobs.media import find_faces
from jobs.web import words
from jobs.web.forms import RESOLUTIONS, LookForm
from jobs.web.htmx import Request, for_members

STATUS: Mapping[type[Problem], int] = {InvalidInput: 422, RateLimited: 429}


@never_cache
@require_POST
@for_members
def faces(request: Request) -> HttpResponse:
    """{"faces": [{"box", "mouth", "too_small"}]}, largest first; or {"problem": a sentence}."""
    form = LookForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse(
            {"problem": " ".join(str(error) for errors in form.errors.values() for error in errors)}, status=422
        )
    picture: TemporaryUploadedFile = form.cleaned_data["picture"]
    try:
        limits.look(request.user)
        found = find_faces(
            Path(picture.temporary_file_path()),
            (form.cleaned_data["width"], form.cleaned_data["height"]),
            [int(value) for value, _ in RESOLUTIONS],
        )
    except Problem as problem:
        return JsonResponse({"problem": words.sentence(problem)}, status=STATUS.get(type(problem), 503))
    return JsonResponse({"faces": [asdict(face) for face in found]})
