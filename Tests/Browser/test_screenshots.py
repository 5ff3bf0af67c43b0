"""The pictures of docs/: only with `--screenshots DIR`, see `make screenshots`."""

from pathlib import Path

import pytest


@pytest.fixture
def folder(request):
    folder = request.config.getoption("--screenshots")
    if folder is None:
        pytest.skip("pictures are taken by `make screenshots`")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_several_registrations_after_an_eviction(new_walk, folder):
    walk = new_walk(path="/?visitor=phone", viewport={"width": 1180, "height": 900})
    walk.channel("mobile").place()
    walk.do("evict").set(rebind=True)
    walk.place()
    walk.set(rebind=False).do("evict")
    walk.settle()
    walk.page.evaluate("scrollTo(0, 0)")
    walk.page.screenshot(path=folder / "page-recover.png")


def test_a_code_on_a_phone(new_walk, folder):
    walk = new_walk(path="/?visitor=phone", viewport={"width": 390, "height": 600},
                    device_scale_factor=2, color_scheme="dark", is_mobile=True, has_touch=True)
    walk.channel("mobile").begin().consent()
    walk.page.fill("#code", "1234")
    walk.page.locator("#turn").evaluate("turn => turn.scrollIntoView({block: 'start'})")
    walk.page.screenshot(path=folder / "page-phone.png")


def test_a_revoked_key(new_walk, folder):
    walk = new_walk(path="/?visitor=phone", viewport={"width": 1180, "height": 900})
    walk.channel("mobile").person("Penny").place()
    walk.do("revoke").do("again")
    walk.settle()
    walk.page.locator("#outcome").evaluate("section => section.scrollIntoView({block: 'center'})")
    walk.page.screenshot(path=folder / "page-revoked.png")
