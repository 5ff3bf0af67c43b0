"""The page as a person uses it."""

from playwright.sync_api import expect

# Chromium says this of every answer of 400 and above, which some tests are about.
_EXPECTED = "Failed to load resource"

_LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`));
"""


class Walk:
    """One tab with the page."""

    def __init__(self, page):
        self.page = page
        self.errors = []
        page.set_default_timeout(6_000)
        page.add_init_script(_LISTEN)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._take)

    def _take(self, message):
        if message.type == "error" and not message.text.startswith(_EXPECTED):
            self.errors.append(message.text)

    def problems(self):
        """What the scripts or the policy complained of."""
        if self.page.is_closed():
            return self.errors
        return self.errors + self.page.evaluate("window.violations")

    def open(self, url):
        self.page.goto(url)
        self.page.wait_for_selector("body[data-ready]")

    def reload(self):
        self.page.reload()
        self.page.wait_for_selector("body[data-ready]")

    # What is chosen

    def person(self, name):
        label = self.page.locator("#person option", has_text=name).first.inner_text()
        self.page.select_option("#person", label=label)
        return self

    def channel(self, name):
        self.page.check(f"input[name=channel][value={name}]")
        return self

    def set(self, **boxes):
        for name, is_on in boxes.items():
            self.page.set_checked("#" + name.replace("_", "-"), is_on)
        return self

    def stored(self, value):
        if not self.page.locator("#stored").is_visible():
            self.page.click("summary")
        self.page.select_option("#stored", value)
        return self

    # What is done

    def press(self, button):
        self.page.click("#" + button)
        return self

    def begin(self, button="authenticate"):
        self.settle()
        return self.press(button)

    def consent(self, number=None):
        self.page.wait_for_selector("#consent")
        if number is not None:
            self.page.fill("#number", number)
        return self.press("consent")

    def enter(self, code="1234"):
        self.page.fill("#code", code)
        return self.press("enter")

    def settle(self):
        """Waits until nothing runs."""
        self.page.wait_for_selector("body:not([aria-busy]) #decision:not([aria-busy])")
        return self

    def ended(self):
        """How the flow ended."""
        self.settle()
        expect(self.page.locator("#outcome")).to_be_visible()
        data = self.page.locator("#result").evaluate("place => ({...place.dataset})")
        return data["success"], data["reason"], data["row"]

    def place(self, button="authenticate", code="1234"):
        """A flow with a code from beginning to end."""
        self.begin(button)
        self.consent()
        self.enter(code)
        return self.ended()

    def do(self, button):
        """A button that runs no step of the person's."""
        self.begin(button)
        return self.settle()

    # What is shown

    def fact(self, name, place="#result"):
        """A value of a list of names and values; nothing when it is not there."""
        term = self.page.locator(f"{place} dt", has_text=name)
        if term.count() == 0:
            return None
        return term.first.locator("xpath=following-sibling::dd[1]").inner_text()

    @property
    def device(self):
        """The deviceId in localStorage."""
        return self.page.locator("#storage").get_attribute("data-device")

    @property
    def key_count(self):
        return self.page.locator("#storage").get_attribute("data-keys")

    @property
    def decision(self):
        """The row that would decide now, and its outcome."""
        self.settle()
        data = self.page.locator("#decision").evaluate("place => ({...place.dataset})")
        return data["row"], data["outcome"]

    @property
    def registrations(self):
        """The registrations shown: deviceId to state."""
        self.settle()
        return dict(self.page.locator("#registrations li[data-device]").evaluate_all(
            "cards => cards.map(card => [card.dataset.device, card.dataset.state])"))

    @property
    def selected(self):
        """The registrations marked as selected."""
        self.settle()
        return self.page.locator("#registrations li[data-selected=true]").evaluate_all(
            "cards => cards.map(card => card.dataset.device)")

    def timeline(self):
        """The timeline's texts, oldest first."""
        return self.page.locator("#timeline li").all_inner_texts()[::-1]

    def messages(self, number):
        """The SMS that the sandbox would have sent to a number."""
        answer = self.page.request.get(
            self.page.url.split("?")[0].rstrip("/") + "/outbox.json",
            params={"phoneNumber": number})
        return [message["text"] for message in answer.json()]
