"""What the page of webhooks sends, and shows of what was sent, with a server that listens."""

import json

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from tests.hook_server import HookServer, Reply, hook_server
from tests.live.pages import sign_up

pytestmark = [pytest.mark.live, pytest.mark.browser]


def send_test_event(page: Page, hooks: HookServer) -> None:
    page.goto("/webhooks/")
    page.locator("#test-url").fill(f"{hooks.url}/hook")
    page.get_by_role("button", name="Send a test event").click()
    page.wait_for_url("**/webhooks/msg_*/")


def shown_secret(page: Page) -> str:
    page.goto("/webhooks/")
    page.get_by_role("button", name="Show secret").click()
    return page.locator("#secret-value").inner_text()


def test_a_test_event_arrives_signed_and_is_sent_again(page: Page) -> None:
    sign_up(page, "hooks@example.org")
    secret = shown_secret(page)
    with hook_server() as hooks:
        send_test_event(page, hooks)
        expect(page.get_by_role("status").first).to_contain_text("Delivered")  # without a reload
        told = Webhook(secret).verify(hooks.received[0].body, dict(hooks.received[0].headers))
        assert told["test"] is True
        assert told == json.loads(hooks.received[0].body)

        page.get_by_role("button", name="Send again").click()
        expect(page.locator("#attempt-2")).to_be_visible()
        assert [one.headers["webhook-id"] for one in hooks.received] == [hooks.received[0].headers["webhook-id"]] * 2

        page.goto("/webhooks/")
        page.get_by_role("link", name="Rotate").click()
        page.get_by_role("button", name="Rotate secret").click()
        expect(page.get_by_text("each message carries two signatures")).to_be_visible()
        fresh = shown_secret(page)
        assert fresh != secret
        send_test_event(page, hooks)
        expect(page.get_by_role("status").first).to_contain_text("Delivered")
        for either in (secret, fresh):
            Webhook(either).verify(hooks.received[-1].body, dict(hooks.received[-1].headers))


def test_what_a_server_answers_is_shown(page: Page) -> None:
    sign_up(page, "refusing@example.org")
    with hook_server() as hooks:
        hooks.replies = [Reply(500, body=b"the cellar is flooded")]
        send_test_event(page, hooks)
        expect(page.get_by_text("the cellar is flooded")).to_be_visible()
        page.goto("/webhooks/")
        expect(page.locator("#deliveries")).to_contain_text("Given up")  # a test event is tried once
