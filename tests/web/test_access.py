"""Who may see and do what: every address × method × person, for whole pages and for the parts that htmx asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from jobs import credits, keys, lifecycle, sharing, webhooks
from jobs.media import media_path
from jobs.models import (
    ApiKey,
    Batch,
    Delivery,
    Job,
    Media,
    Movement,
    Share,
    SigningSecret,
    Status,
    User,
    Wallet,
    WalletKind,
)
from tests.conftest import MakeJob
from tests.web.reading import HTMX, source, whole

LOG_IN, GOES_ON = "log in", "goes on"
NOT_OURS = ("admin/", "accounts/", "api/v1/")  # their own tests, or Django's and allauth's
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
NAME = "A secret speech"

Outcome = int | str
Actor = Literal["anybody", "charlies", "alices"]
ACTORS: tuple[Actor, ...] = ("anybody", "charlies", "alices")


@dataclass(frozen=True)
class Row:
    """What GET and POST give to anybody, to Charlie who has nothing, and to Alice whose things they are."""

    get: tuple[Outcome, Outcome, Outcome]
    post: tuple[Outcome, Outcome, Outcome] = (405, 405, 405)
    # … where it differs for a part
    get_part: tuple[Outcome, Outcome, Outcome] | None = None
    # … which comes second, when what a POST removed is gone, or what it did may not be done again so soon
    post_part: tuple[Outcome, Outcome, Outcome] | None = None
    others: Outcome = 405  # what every other method gives


ROUTES: Mapping[str, Row] = {
    "home": Row((200, 200, 200)),
    "studio": Row((LOG_IN, 200, 200), post=(LOG_IN, 422, 422)),
    "new_upload": Row((405, 405, 405), post=(LOG_IN, 422, 422)),
    "rest_of_upload": Row((LOG_IN, 404, 200)),
    "faces": Row((405, 405, 405), post=(LOG_IN, 422, 422)),
    "batches": Row((LOG_IN, 200, 200)),
    "batch_new": Row((LOG_IN, 200, 200), post=(LOG_IN, 422, 422)),
    "batch_template": Row((200, 200, 200)),
    "batch": Row((LOG_IN, 404, 200)),
    "batch_changes": Row((LOG_IN, 404, GOES_ON), get_part=(LOG_IN, 404, 200)),
    "batch_submit": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "batch_discard": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "batch_cancel": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "batch_retry": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "batch_results": Row((LOG_IN, 404, 200)),
    "gallery": Row((LOG_IN, 200, 200)),
    "changes": Row((LOG_IN, GOES_ON, GOES_ON), get_part=(LOG_IN, 200, 200)),
    "undo": Row((405, 405, 405), post=(LOG_IN, GOES_ON, GOES_ON)),
    "picked": Row((405, 405, 405), post=(LOG_IN, GOES_ON, GOES_ON), post_part=(LOG_IN, 204, 204)),
    "job": Row((LOG_IN, 404, 200)),
    "cancel": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "again": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "rename": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "remove": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "share_on": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "share_off": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "share": Row((200, 200, 200)),  # whoever has the address
    "player": Row((200, 200, 200)),
    "report": Row((405, 405, 405), post=(422, 422, 422)),
    "oembed": Row((404, 404, 404)),  # of no address
    "api_keys": Row((200, 200, 200), post=(LOG_IN, 200, 200), get_part=(LOG_IN, 200, 200)),
    "revoke": Row((LOG_IN, 404, 200), post=(LOG_IN, 404, GOES_ON)),
    "webhooks": Row((LOG_IN, 200, 200)),
    "secret": Row((405, 405, 405), post=(LOG_IN, 200, 200)),
    "rotate": Row((LOG_IN, 200, 200), post=(LOG_IN, GOES_ON, GOES_ON)),
    "send_test": Row((405, 405, 405), post=(LOG_IN, 422, 422)),
    "delivery": Row((LOG_IN, 404, 200)),
    "send_again": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON)),
    "credits": Row((LOG_IN, 200, 200)),
    "pricing": Row((200, 200, 200)),
    "docs": Row((200, 200, 200)),
    "try": Row((200, 200, 200)),
    "media": Row((200, 200, 200)),  # whoever has the signed link
    "sample": Row((200, 200, 200)),
    "callback": Row((405, 405, 405), post=(404, 404, 404)),  # with a token that is not one of its own
    "account": Row((LOG_IN, 200, 200)),
    "export": Row((405, 405, 405), post=(LOG_IN, 200, 200), post_part=(LOG_IN, GOES_ON, GOES_ON)),  # too soon after
    "remove_account": Row((LOG_IN, 200, 200), post=(LOG_IN, 422, 422)),
    "sessions": Row((LOG_IN, 200, 200)),
    "end_others": Row((405, 405, 405), post=(LOG_IN, GOES_ON, GOES_ON)),
    "end_session": Row((405, 405, 405), post=(LOG_IN, 404, GOES_ON), post_part=(LOG_IN, 404, 404)),
    "styleguide": Row((404, 404, 404)),  # nobody's, but of those who change the pages
    "theme": Row((405, 405, 405), post=(GOES_ON, GOES_ON, GOES_ON)),
    # Django's own view, which changes nothing but by POST.
    "set_language": Row((GOES_ON, GOES_ON, GOES_ON), post=(GOES_ON, GOES_ON, GOES_ON), others=GOES_ON),
    "robots": Row((200, 200, 200)),
    "favicon": Row((GOES_ON, GOES_ON, GOES_ON)),
    "healthz": Row((503, 503, 503)),  # no worker runs in a test
}


def _walk(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if not path.startswith(NOT_OURS):
                yield from _walk(pattern.url_patterns, path)
        else:
            yield path, pattern


OURS = dict(_walk(get_resolver().url_patterns))


@dataclass(frozen=True)
class World:
    """What Alice has: a batch of a job that is done and one that waits, a key, a webhook's delivery, a shared page."""

    job: Job
    key: ApiKey
    delivery: Delivery
    share: Share
    session: UserSession
    batch: Batch

    def address(self, name: str) -> str:
        """The address of the route `name`, for what is Alice's."""
        picture: Media = self.job.input("image")
        _, _, token, filename = media_path(picture).split("/")
        known = {
            "job_id": self.job.pk,
            "batch_id": self.batch.pk,
            "public_id": self.key.public_id,
            "delivery_id": self.delivery.pk,
            "session_id": self.session.pk,
            "media_id": picture.pk,
            "token": token if name == "media" else self.share.token,
            "filename": filename,
            "name": "face.jpg",
            "engine_name": "upstream",
        }
        (pattern,) = (pattern for pattern in OURS.values() if pattern.name == name)
        return reverse(name, kwargs={word: known[word] for word in pattern.pattern.converters})


@pytest.fixture
def world(alice: User, make_job: MakeJob) -> World:
    credits.wallet_of(alice, WalletKind.USER)  # so that a page that shows it does not make it
    ended = make_job(alice, name=NAME, webhook="https://alice.example.org/hook")
    lifecycle.cancel(alice, ended.pk)
    webhooks.current_secret(alice)
    delivery = Delivery.objects.get(job=ended)
    job = make_job(alice, name=NAME)
    Job.objects.filter(pk=ended.pk).update(status=Status.DONE, result=job.input("audio"), name="For all")
    session = UserSession.objects.create(user=alice, session_key="elsewhere", ip="192.0.2.1", user_agent=NAME)
    batch = Batch.objects.create(owner=alice, name=NAME)
    Job.objects.filter(pk__in=[ended.pk, job.pk]).update(batch=batch)
    return World(job, keys.create(alice, NAME)[0], delivery, sharing.share(alice, ended.pk), session, batch)


def rows_of(user: User) -> list[object]:
    """Everything in the database that is `user`'s."""
    return [
        list(rows.order_by("pk").values())
        for rows in (
            Job.objects.filter(user=user),
            Batch.objects.filter(owner=user),
            ApiKey.objects.filter(user=user),
            Media.objects.filter(owner=user),
            Wallet.objects.filter(user=user),
            Movement.objects.filter(wallet__user=user),
            Delivery.objects.filter(user=user),
            SigningSecret.objects.filter(user=user),
        )
    ]


def outcome(answer: Any, part: bool) -> Outcome:
    """The status, or where the answer sends the reader; a part is never sent to log in by an ordinary redirect."""
    target = answer.headers.get("HX-Redirect") or answer.headers.get("Location")
    if not target:
        return int(answer.status_code)
    if urlsplit(target).path != reverse("account_login"):
        return GOES_ON
    assert ("HX-Redirect" in answer.headers) == part
    assert answer.content == b""
    return LOG_IN


def test_every_address_is_in_the_table() -> None:
    assert sorted(str(pattern.name) for pattern in OURS.values()) == sorted(ROUTES)


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("name", ROUTES)
def test_an_address_answers_a_person_as_the_table_says(
    name: str, actor: Actor, world: World, alice: User, request: pytest.FixtureRequest
) -> None:
    """Every method, for the page and for the part alike."""
    row, who = ROUTES[name], ACTORS.index(actor)
    browser: Client = request.getfixturevalue(actor)
    address = world.address(name)
    before = rows_of(alice)

    for part in (False, True):
        get = (row.get_part if part and row.get_part else row.get)[who]
        post = (row.post_part if part and row.post_part else row.post)[who]
        expected: dict[str, Outcome] = dict.fromkeys(METHODS, row.others)
        expected |= {"GET": get, "HEAD": get, "POST": post}
        found = {}
        for method in METHODS:
            answer: Any = browser.generic(
                method, address, b"", "application/x-www-form-urlencoded", headers=HTMX if part else {}
            )
            found[method] = outcome(answer, part)
            body = whole(answer)
            assert actor == "alices" or NAME.encode() not in body
        assert found == expected, "part" if part else "page"

    assert actor == "alices" or rows_of(alice) == before


# Engines call back without a page of ours; what they say is signed, or is only a hint.
FORMS = [name for name, row in ROUTES.items() if 405 not in row.post and name != "callback"]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_without_our_token_is_refused(name: str, world: World, alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    before = rows_of(alice)

    answer = browser.post(world.address(name), {"name": "x", "theme": "dark", "language": "de"})

    assert answer.status_code == 403
    assert "This is not allowed" in source(answer)
    assert not {"theme", "django_language"} & set(answer.cookies)
    assert rows_of(alice) == before


def test_a_form_with_the_token_of_its_page_is_taken(world: World, alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    page: Any = browser.get(world.address("job"))

    answer = browser.post(world.address("cancel"), {"csrfmiddlewaretoken": str(page.context["csrf_token"])})

    assert answer.status_code == 303


# Where the forms and parts are that have no page at their own address.
PAGES = {
    "undo": "gallery",
    "picked": "gallery",
    "remove": "job",
    "faces": "studio",
    "cancel": "job",
    "again": "job",
    "share_on": "job",
    "rename": "job",
    "share_off": "job",
    "report": "share",
    "secret": "webhooks",
    "send_test": "webhooks",
    "send_again": "delivery",
    "new_upload": "studio",
    "export": "account",
    "end_others": "sessions",
    "end_session": "sessions",
    "batch_changes": "batch",
    "batch_submit": "batch",
    "batch_discard": "batch",
    "batch_cancel": "batch",
    "batch_retry": "batch",
}


@pytest.mark.parametrize("part", [False, True], ids=["page", "part"])
@pytest.mark.parametrize(
    ("name", "method"),
    [(name, "GET") for name, row in ROUTES.items() if row.get[0] == LOG_IN]
    + [(name, "POST") for name, row in ROUTES.items() if row.post[0] == LOG_IN],
)
def test_after_logging_in_one_is_where_one_was(
    name: str, method: str, part: bool, world: World, anybody: Client, alices: Client
) -> None:
    """Also when a form was sent to an address that has no page."""
    page = world.address(PAGES.get(name, name))
    came_from = f"http://testserver{page}"
    headers = HTMX | {"HX-Current-URL": came_from} if part else {"Referer": came_from}

    answer: Any = anybody.generic(method, world.address(name), headers=headers)

    target = urlsplit(answer.headers["HX-Redirect" if part else "Location"])
    (here,) = parse_qs(target.query)["next"]
    assert here == (page if part or method == "POST" else world.address(name))
    assert alices.get(here, follow=True).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        *("job", "cancel", "again", "share_on", "share_off", "rename", "remove", "revoke", "delivery"),
        *("send_again", "batch", "batch_submit", "batch_discard", "batch_cancel", "batch_retry", "batch_results"),
        "rest_of_upload",
    ],
)
def test_what_is_not_there_is_answered_as_what_is_somebody_elses(name: str, world: World, charlies: Client) -> None:
    theirs = world.address(name)
    missing = theirs.replace(str(world.job.pk), "00000000-0000-4000-8000-000000000000").replace(
        world.key.public_id, "mw0000000000"
    )
    missing = missing.replace(world.delivery.pk, "msg_00000000000000000000000000000000")
    for row in (world.batch, world.job.input("image")):
        missing = missing.replace(str(row.pk), "00000000-0000-4000-8000-000000000000")
    method = "GET" if ROUTES[name].get[2] != 405 else "POST"

    def heading(address: str) -> tuple[int, str]:
        answer: Any = charlies.generic(method, address)
        return answer.status_code, source(answer).partition("<h1>")[2]

    assert heading(theirs)[0] == 404
    assert heading(theirs)[1].partition("</main>")[0] == heading(missing)[1].partition("</main>")[0] != ""
