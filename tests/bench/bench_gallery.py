"""What the gallery of an account with many videos costs: `python -m tests.bench.bench_gallery`.

Queries and milliseconds of a look for changes when there are none, of one that brings a change, of the page, of a
later page, and of a search, with VIDEOS=10000: what the server's process spends on a request, middleware and all, the
median of many, and the time that the quickest took. With BROWSER=1, frames while scrolling through SCROLLED=2000 of
them beside ten, in chromium.
"""

import os
import re
import tempfile
import threading
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from statistics import median
from typing import Any

VIDEOS = int(os.environ.get("VIDEOS", "10000"))
SCROLLED = int(os.environ.get("SCROLLED", "2000"))
REQUESTS = 200
GOALS = {"an idle look": (1, 2.0), "the page": (10, None)}
HTMX = {"HX-Request": "true", "Sec-Fetch-Dest": "empty"}
LOAD = """async (wanted) => {
    const shown = () => document.querySelectorAll("#gallery .card").length;
    while (shown() < wanted) {
        const before = shown();
        document.querySelector("#more").scrollIntoView();
        while (shown() === before) await new Promise((done) => setTimeout(done, 20));
        await new Promise((done) => setTimeout(done, 100)); // htmx takes up what came
    }
}"""
SCROLL = """async () => {
    const frames = [];
    let last = performance.now();
    const height = document.documentElement.scrollHeight - innerHeight;
    await new Promise((done) => {
        const step = (now) => {
            frames.push(now - last);
            last = now;
            scrollTo(0, Math.min(frames.length * 60, height));
            frames.length < 240 ? requestAnimationFrame(step) : done();
        };
        requestAnimationFrame(step);
    });
    return frames.slice(5).sort((a, b) => a - b);
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "lipsync_site.settings"}
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
        settings.ALLOWED_HOSTS.append("testserver")
        call_command("migrate", verbosity=0)
        measure()


def measure() -> None:
    from django.test import Client

    from jobs.models import Job, User

    user = User.objects.create_user("many@example.org")
    fill(user, VIDEOS)
    client = Client()
    client.force_login(user)
    page = client.get("/gallery/").content.decode()
    watch = address(r'id="watch" hx-get="([^"]*)"', page)
    report("an idle look", lambda: client.get(watch, headers=HTMX), 204)
    report("the page", lambda: client.get("/gallery/"), 200)
    older = Job.objects.all()[VIDEOS // 2].pk
    report(f"24 more, after {VIDEOS // 2}", lambda: client.get(f"/gallery/?after={older}", headers=HTMX), 200)
    report("a search", lambda: client.get("/gallery/?q=take+77", headers=HTMX), 200)

    def changed() -> Any:
        Job.objects.filter(pk=older).update(updated=time_now())
        return client.get(watch, headers=HTMX)

    report("a look at a change", changed, 200)
    if os.environ.get("BROWSER"):
        scroll(user)


def time_now() -> Any:
    from django.utils import timezone

    return timezone.now()


def address(pattern: str, html: str) -> str:
    found = re.search(pattern, html)
    assert found
    return unescape(found[1])


def fill(user: Any, count: int) -> None:
    """Finished videos with a picture each, every one made a second after the other."""
    from datetime import timedelta

    from jobs import credits
    from jobs.models import Job, JobInput, Media, Status, WalletKind

    wallet, start = credits.wallet_of(user, WalletKind.USER), time_now() - timedelta(days=3)
    face = Path(__file__).resolve().parents[2] / "static" / "samples" / "face.jpg"
    kept = {"size": face.stat().st_size, "owner": user, "width": 480, "height": 640}
    from django.core.files.storage import default_storage

    with face.open("rb") as file:
        name = default_storage.save("inputs/face", file)
    given, jobs, results = [], [], []
    picture = Media.objects.create(name=name, filename="face.jpg", kind="image", content_type="image/jpeg", **kept)
    for number in range(count):
        result = Media(name=f"results/{number}", filename="result.mp4", kind="video", seconds=7.5, **kept)
        poster = Media(name=name, filename="poster.jpg", kind="image", content_type="image/jpeg", **kept)
        moment = start + timedelta(seconds=number)
        job = Job(
            user=user, wallet=wallet, price=10, model="lipsync-image", resolution=480, seed=1, name=f"Take {number}",
            status=Status.DONE, result=result, poster=poster, created=moment, updated=moment, finished=moment,
        )  # fmt: skip
        results += [result, poster]
        jobs.append(job)
        given.append(JobInput(job=job, field="image", media=picture))
    Media.objects.bulk_create(results, batch_size=500)
    Job.objects.bulk_create(jobs, batch_size=500)
    JobInput.objects.bulk_create(given, batch_size=500)


def report(name: str, ask: Callable[[], Any], status: int) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        assert ask().status_code == status
    made, spent, took = len(asked), [], []
    for _ in range(REQUESTS if status == 204 else REQUESTS // 10):
        start, used = time.perf_counter(), time.process_time()
        ask()
        spent.append((time.process_time() - used) * 1000)
        took.append((time.perf_counter() - start) * 1000)
    queries, goal = GOALS.get(name, (None, None))
    goals = "" if queries is None else f"   (goal: ≤ {queries}{f', ≤ {goal} ms' if goal else ''})"
    print(f"{name:<24}{made:3} queries{median(spent):8.2f} ms   quickest {min(took):.2f}{goals}", flush=True)


def scroll(user: Any) -> None:
    """Frames while scrolling, in a real browser."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.test import Client
    from playwright.sync_api import sync_playwright

    from jobs.models import User
    from lipsync_site.wsgi import application

    few = User.objects.create_user("few@example.org")
    fill(few, 10)

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    visits = []
    for name, person, cards in (("ten", few, 10), (str(SCROLLED), user, SCROLLED)):
        client = Client()
        client.force_login(person)
        visits.append((name, cards, [(one.key, one.value) for one in client.cookies.values()]))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, cards, cookies in visits:
            context = browser.new_context(base_url=base, viewport={"width": 1440, "height": 900})
            context.add_cookies([{"name": key, "value": value, "url": base} for key, value in cookies])
            page = context.new_page()
            page.goto("/gallery/")
            page.evaluate(LOAD, cards)
            frames = page.evaluate(SCROLL)
            nodes = page.evaluate("document.querySelectorAll('*').length")
            print(
                f"scrolling through {name:<6}{nodes:7} elements   frame median {median(frames):5.1f} ms   "
                f"p95 {frames[int(len(frames) * 0.95)]:5.1f} ms   longest {frames[-1]:5.1f} ms",
                flush=True,
            )
            context.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
