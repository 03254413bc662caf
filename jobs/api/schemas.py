"""What the API takes: the published request bodies, as types. Unknown fields are refused."""

from typing import Annotated, Literal

from ninja import Schema
from pydantic import AfterValidator, ConfigDict, Field, StrictInt, StringConstraints

from jobs.engines.base import SpeakingOrder

MAX_URL = 2048
MAX_PROMPT = 2000
MAX_SEED = 2**63 - 1  # what a row can hold


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain a NUL character")
    return text


Text = Annotated[str, AfterValidator(_no_nul)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=MAX_URL), AfterValidator(_no_nul)]
Prompt = Annotated[str, StringConstraints(max_length=MAX_PROMPT), AfterValidator(_no_nul)]
Seed = Annotated[StrictInt, Field(ge=-1, le=MAX_SEED)]


class Body(Schema):
    model_config = ConfigDict(extra="forbid")


class Form(Body):
    """What every `formState` may have. Null means the same as leaving an optional field out."""

    resolution: Literal["480p", "720p"] | None = Field("480p", description="Length of the short side.")
    mask_image: Url | None = Field(
        None, description="Public URL of a picture, white where pixels may change; it chooses who speaks."
    )
    prompt: Prompt | None = Field("", description="Style guidance for the engine.")
    seed: Seed | None = Field(-1, description="-1 is a random one. The same seed gives the same frames.")


class VideoForm(Form):
    """`formState` of `lipsync-video`."""

    video: Url = Field(description="Public URL of the video, or the `url` of an upload.")
    audio: Url = Field(description="Public URL of the voice, or the `url` of an upload.")


class ImageForm(Form):
    """`formState` of `lipsync-image`."""

    image: Url = Field(description="Public URL of the picture, or the `url` of an upload.")
    audio: Url = Field(description="Public URL of the voice, or the `url` of an upload.")


class MultiForm(Form):
    """`formState` of `lipsync-image-multi`."""

    image: Url = Field(description="Public URL of a picture of two people, or the `url` of an upload.")
    left_audio: Url = Field(description="The voice of the person on the left.")
    right_audio: Url = Field(description="The voice of the person on the right.")
    order: SpeakingOrder | None = Field("meanwhile", description="Both at once, or one after the other.")


class Submission(Body):
    """What every submission may have beside its `formState`."""

    webhook: Annotated[str, StringConstraints(max_length=MAX_URL), AfterValidator(_no_nul)] | None = Field(
        None, description="HTTPS address that the finished job is POSTed to."
    )


class SubmitVideo(Submission):
    """Body of `POST /lipsync-video`."""

    formState: VideoForm


class SubmitImage(Submission):
    """Body of `POST /lipsync-image`."""

    formState: ImageForm


class SubmitMulti(Submission):
    """Body of `POST /lipsync-image-multi`."""

    formState: MultiForm


class Submitted(Schema):
    id: str
    status: Literal["processing"] = "processing"


class NewUpload(Body):
    """Body of `POST /uploads`. `size` is in bytes and must be exact."""

    filename: Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_no_nul)]
    contentType: Annotated[str, StringConstraints(max_length=100, pattern=r"^[\w.+-]+/[\w.+-]+(; ?[\w.+=-]+)*$")] = (
        "application/octet-stream"
    )
    size: Annotated[StrictInt, Field(ge=1)]


class UploadTarget(Schema):
    method: Literal["PUT", "POST"]
    url: str
    headers: dict[str, str]
    fields: dict[str, str]


class Upload(Schema):
    """Send the file as `upload` says, then use `url` in `formState`."""

    url: str
    upload: UploadTarget
    expiresAt: str


class JobAnswer(Schema):
    """The job object."""

    id: str
    model: str
    status: Literal["processing", "completed", "failed"]
    output: str | None
    error: str
    executionTime: int | None
    timings: dict[str, int] | None
    progress: float
    createdAt: str
    completedAt: str | None
    seed: int
    credits: int
    promptUsed: list[str]
    warnings: list[str]


class JobList(Schema):
    """A page of jobs; `nextCursor` is null on the last one."""

    jobs: list[JobAnswer]
    nextCursor: str | None


class Wanted(Body):
    """Which jobs to list."""

    cursor: Annotated[str, StringConstraints(max_length=200)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    status: Literal["processing", "completed", "failed"] | None = None
    model: Literal["lipsync-video", "lipsync-image", "lipsync-image-multi"] | None = None


class Estimate(Schema):
    """What a submission would hold, the seconds that are billed, and what to know of the video before it is made."""

    credits: int
    seconds: int
    warnings: list[str]


class Balance(Schema):
    """The API wallet."""

    balance: int
    held: int


class ErrorItem(Schema):
    field: str
    message: str


class ErrorAnswer(Schema):
    """Every error has this form. `code` is stable, `error` is for people."""

    error: str
    code: str
    requestId: str
    field: str | None = None
    errors: list[ErrorItem] | None = None
