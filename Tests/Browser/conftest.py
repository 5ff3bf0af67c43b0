"""The sandbox, real Chromium, and the page as a person uses it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from walk import Walk

ROOT = Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption("--screenshots", help="write the pictures of docs/ into this folder")


class Sandbox:
    """`provekey sandbox` on a port of its own; ended with the test."""

    def __init__(self, state, *options):
        self.state = state
        self.options = options
        self.process = None
        self.url = None
        self.start()

    def start(self, port="0"):
        program = os.environ.get("PROVEKEY", str(ROOT / ".build/debug/provekey"))
        self.process = subprocess.Popen(
            [program, "sandbox", "--port", port, "--state", str(self.state), "--json",
             *self.options],
            stdout=subprocess.PIPE, text=True)
        # The line is there as soon as the sandbox listens.
        facts = json.loads(self.process.stdout.readline())
        self.url = facts["url"]

    @property
    def port(self):
        return self.url.rsplit(":", 1)[1]

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        return code

    def restart(self):
        port = self.port
        assert self.stop() == 0
        self.start(port)


@pytest.fixture
def start_sandbox(tmp_path):
    """Starts sandboxes with options; each is ended with the test."""
    started = []

    def start(*options):
        sandbox = Sandbox(tmp_path / f"state-{len(started)}", *options)
        started.append(sandbox)
        return sandbox

    yield start
    for sandbox in started:
        assert sandbox.stop() == 0


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox()


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def launch_options():
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    assert chromium, "there is no chromium: `make test-browser` installs it"
    # Chromium's own sandbox needs a user that is not root.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    return {"executable_path": chromium, "args": arguments}


@pytest.fixture(scope="session")
def browser(playwright, launch_options):
    browser = playwright.chromium.launch(**launch_options)
    yield browser
    browser.close()


@pytest.fixture
def new_walk(browser, sandbox):
    """Opens the page in a browser of its own: a context with its own storage and cookies.

    At the end of the test no page may have met an error of its scripts or of its policy.
    """
    walks = []

    def open_page(url=None, context=None, path="/", **options):
        context = context or browser.new_context(**options)
        walk = Walk(context.new_page())
        walks.append(walk)
        walk.open((url or sandbox.url) + path)
        return walk

    yield open_page
    for walk in walks:
        assert walk.problems() == []
    for walk in walks:
        walk.page.context.close()


@pytest.fixture
def walk(new_walk):
    """The page as it is after loading, with a phone's channel."""
    return new_walk(path="/?visitor=phone").channel("mobile")
