"""The page itself: policy, cookies, accessibility, keyboard, phones."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from walk import Walk

IPHONE = ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
          "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1")


# Content Security Policy


def test_the_policy_allows_the_pages_own_scripts_and_the_sandbox_only(walk, sandbox):
    answer = walk.page.request.get(sandbox.url + "/")
    policy = dict(part.strip().split(" ", 1)
                  for part in answer.headers["content-security-policy"].split(";"))
    host = sandbox.url.removeprefix("http://")
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'nonce-[\w-]{24}' 'strict-dynamic'", policy["script-src"])
    assert policy["connect-src"] == f"'self' ws://{host} wss://{host}"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    again = walk.page.request.get(sandbox.url + "/").headers["content-security-policy"]
    assert again != answer.headers["content-security-policy"], "a nonce is used once"


def test_an_inline_script_and_a_foreign_one_are_refused(browser, sandbox):
    walk = Walk(browser.new_context().new_page())

    def inject(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace(
            "</main>", "</main><script>window.injected = 1</script>"
            "<script src='https://elsewhere.example/x.js'></script>"
            "<img src='/page/icon.svg' alt='' onload='window.injected = 2'>"))

    walk.page.route(sandbox.url + "/", inject)
    walk.open(sandbox.url + "/")
    assert walk.page.evaluate("window.injected") is None
    blocked = walk.page.evaluate("window.violations")
    assert "script-src-elem inline" in blocked
    assert "script-src-elem https://elsewhere.example/x.js" in blocked
    assert "script-src-attr inline" in blocked
    walk.page.context.close()


def test_markup_that_is_made_from_text_is_refused(browser, sandbox):
    walk = Walk(browser.new_context().new_page())
    answer = walk.page.request.get(sandbox.url + "/").headers["content-security-policy"]
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in answer
    walk.open(sandbox.url + "/")
    for attempt in ["document.body.innerHTML = '<b id=injected></b>'",
                    "document.body.insertAdjacentHTML('beforeend', '<b id=injected></b>')",
                    "document.createElement('script').text = '1'",
                    "trustedTypes.createPolicy('own', {createHTML: (text) => text})"]:
        refused = walk.page.evaluate(
            "() => { try { %s; return 'done' } catch (error) { return error.name } }" % attempt)
        assert refused == "TypeError", attempt
    assert walk.page.locator("#injected").count() == 0
    walk.page.context.close()


def test_connections_elsewhere_are_refused(browser, sandbox):
    walk = Walk(browser.new_context().new_page())
    walk.open(sandbox.url + "/")
    reached = walk.page.evaluate(
        "fetch('https://elsewhere.example/').then(() => true, () => false)")
    assert reached is False
    assert walk.page.evaluate("window.violations") == [
        "connect-src https://elsewhere.example/"]
    walk.page.context.close()


def test_nothing_is_asked_of_any_other_host(new_walk, sandbox):
    asked = []
    walk = new_walk(path="/?visitor=phone")
    walk.page.on("request", lambda request: asked.append(request.url))
    walk.reload()
    walk.channel("mobile").place()
    assert asked
    assert all(url.startswith(sandbox.url) for url in asked)


# Cookies


def test_auth_start_and_auth_finish_go_with_the_cookie_and_the_device_calls_without(walk):
    cookies = {}
    walk.page.on("request", lambda request: cookies.setdefault(
        request.url.rsplit("/", 1)[1], request.all_headers().get("cookie", "")))
    walk.place()
    for name in ("auth-start", "auth-finish"):
        assert "provekey_session=" in cookies[name]
    for name in ("start", "reply", "context"):
        assert cookies[name] == ""
    for cookie in walk.page.context.cookies():
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
    assert walk.page.evaluate("document.cookie") == ""


def test_a_browser_that_blocks_cookies_is_told_so_by_name(
        playwright, launch_options, sandbox, tmp_path):
    profile = tmp_path / "profile"
    (profile / "Default").mkdir(parents=True)
    (profile / "Default" / "Preferences").write_text(json.dumps(
        {"profile": {"default_content_setting_values": {"cookies": 2}}}))
    context = playwright.chromium.launch_persistent_context(str(profile), **launch_options)
    walk = Walk(context.new_page())
    walk.open(sandbox.url + "/")
    expect(walk.page.locator("#notice")).to_contain_text("cookiesDisabled")
    walk.do("authenticate")
    assert walk.ended() == ("", "cookiesDisabled", "")
    # With cookies Chromium withholds what scripts store, too.
    assert walk.fact("localStorage", "#storage") == "withheld by the browser"
    context.close()


def test_cookies_that_get_lost_on_the_way_are_named_as_well(new_walk):
    walk = new_walk().channel("mobile")
    walk.page.context.clear_cookies()
    walk.do("authenticate")
    assert walk.ended() == ("", "cookiesDisabled", "")


def test_a_flow_of_another_browser_is_not_finished(walk, new_walk, sandbox):
    other = new_walk(path="/?visitor=other")
    begun = walk.page.evaluate("""async () => (await (await fetch("/page/auth-start", {
      method: "POST", headers: {"Content-Type": "application/json"},
      body: JSON.stringify({possessionType: "mobile", phoneNumber: "2001004018"})})).json()).flow""")
    finish = """async (flow) => (await (await fetch("/page/auth-finish", {
      method: "POST", headers: {"Content-Type": "application/json"},
      body: JSON.stringify({flow})})).json())"""
    assert other.page.evaluate(finish, begun)["code"] == 8008
    assert walk.page.evaluate(finish, begun)["success"] == "true"


def test_a_page_that_is_not_secure_holds_no_key_and_says_so(
        playwright, launch_options, start_sandbox):
    sandbox = start_sandbox("--address", "0.0.0.0", "--page")
    options = {**launch_options, "args": [
        *launch_options["args"], "--host-resolver-rules=MAP sandbox.example 127.0.0.1"]}
    browser = playwright.chromium.launch(**options)
    walk = Walk(browser.new_page())
    walk.open(f"http://sandbox.example:{sandbox.port}/")
    expect(walk.page.locator("#notice")).to_contain_text("insecureContext")
    walk.channel("mobile").do("authenticate")
    assert walk.ended() == ("", "insecureContext", "")
    browser.close()


def test_the_page_is_there_on_loopback_or_when_it_is_asked_for(start_sandbox, walk):
    for options, status in [(["--no-page"], 404), (["--address", "0.0.0.0"], 404),
                            (["--address", "0.0.0.0", "--page"], 200)]:
        sandbox = start_sandbox(*options)
        answer = walk.page.request.get(f"http://127.0.0.1:{sandbox.port}/page/users")
        assert answer.status == status, options


# People


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_automated_accessibility_check_finds_nothing(new_walk, scheme):
    walk = new_walk(path="/?visitor=phone", color_scheme=scheme).channel("mobile")
    axe = Axe()

    def check():
        results = axe.run(walk.page)
        assert results.response["passes"], "the check ran"
        assert results.violations_count == 0, results.generate_report()

    walk.page.click("summary")
    check()
    walk.begin().consent()
    check()
    walk.enter("1111")
    expect(walk.page.locator("#step [role=alert]")).to_be_visible()
    check()
    walk.enter()
    walk.ended()
    check()
    walk.do("revoke").do("again")
    walk.ended()
    check()


def test_the_accessibility_check_can_fail(walk):
    walk.page.evaluate("document.querySelector('label[for=person]').remove()")
    assert Axe().run(walk.page).violations_count > 0


def test_a_flow_is_walked_by_keyboard_alone(walk):
    page = walk.page

    def tab_to(target, limit=40):
        for _ in range(limit):
            page.keyboard.press("Tab")
            if page.evaluate("id => document.activeElement.id === id", target):
                outline = page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"{target} shows that it has the focus"
                return
        raise AssertionError(f"the keyboard does not reach {target}")

    tab_to("person")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    tab_to("authenticate")
    page.keyboard.press("Enter")
    # A step takes the focus, and Enter answers it.
    expect(page.locator("#consent")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("1234")
    page.keyboard.press("Enter")
    assert walk.ended()[0] == "true"
    expect(page.locator("#outcome-title")).to_be_focused()
    tab_to("evict")
    page.keyboard.press("Space")
    walk.settle()
    assert walk.key_count == "0"


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(new_walk, width):
    walk = new_walk(path="/?visitor=phone", viewport={"width": width, "height": 740},
                    user_agent=IPHONE, is_mobile=True, has_touch=True)

    def fits():
        page_width = walk.page.evaluate("document.documentElement.scrollWidth")
        assert page_width <= width

    # Chosen by what the browser says of itself.
    assert walk.page.is_checked("input[name=channel][value=mobile]")
    walk.page.click("summary")
    fits()
    walk.begin().consent()
    fits()
    walk.enter()
    assert walk.ended()[0] == "true"
    fits()
    small = walk.page.locator("button:visible, select:visible").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().height < 24).map(one => one.id)")
    assert small == [], "fingers reach the controls"


def test_the_browser_of_a_phone_is_told_from_others_as_the_library_does(walk):
    # The same cases as the tests of `WebBrowser`.
    cases = [
        ({"userAgent": IPHONE}, True),
        ({"userAgent": "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/130 Mobile Safari"}, True),
        ({"userAgent": "Mozilla/5.0 (Linux; Android 15; SM-X710) Chrome/130 Safari"}, False),
        ({"userAgent": "Mozilla/5.0 (iPad; CPU OS 12_0 like Mac OS X) Mobile Safari"}, False),
        ({"userAgent": "Mozilla/5.0 (Macintosh) Mobile/15E148", "maxTouchPoints": 5}, False),
        ({"userAgent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/130"}, False),
        ({"userAgent": "", "userAgentData": {"mobile": True}}, True),
        ({"userAgent": IPHONE, "userAgentData": {"mobile": False}}, False),
        ({"userAgent": "Mobile" * 400}, False),
    ]
    for says, is_mobile in cases:
        found = walk.page.evaluate(
            "async (says) => (await import('/page/prove-auth.js')).isMobileWeb(says)", says)
        assert found is is_mobile, says
