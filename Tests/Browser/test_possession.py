"""The ways of proving possession, and of giving up."""

from playwright.sync_api import expect

LORANT = "2001004014"


def test_mobile_auth_proves_a_number_that_nobody_sent(walk):
    walk.person("Inge").set(sends_number=False)
    walk.do("authenticate")
    assert walk.ended() == ("true", "visitorAlone", "D14")
    assert walk.fact("Possession") == "mobileAuth"
    assert walk.fact("phoneNumber") == "+12001004016"
    walk.do("again")
    assert walk.ended() == ("true", "", "D10")


def test_mobile_auth_that_fails_for_good_ends_the_flow(walk):
    walk.person("Wendy").do("authenticate")
    assert walk.ended()[:2] == ("false", "mobileAuthFailed")
    assert walk.key_count == "0"


def test_a_bad_reputation_ends_the_flow(walk):
    walk.person("Penny").set(reputation=True)
    assert walk.place()[:2] == ("false", "reputation")


def test_a_person_for_first_tests_needs_no_client(walk):
    walk.person("Barbaraanne").do("authenticate")
    assert walk.ended()[0] == "true"
    assert walk.fact("deviceId") is None
    assert walk.key_count == "0"


def test_a_number_that_was_not_sent_is_asked_for(walk):
    walk.set(sends_number=False).begin()
    walk.consent("12")
    expect(walk.page.locator("#step [role=alert]")).to_have_text("This is no phone number.")
    walk.consent(LORANT)
    walk.enter()
    assert walk.ended()[0] == "true"
    assert walk.fact("phoneNumber") == "+1" + LORANT


def test_a_wrong_code_may_be_entered_three_times(walk):
    walk.begin().consent().enter("1111")
    alert = walk.page.locator("#step [role=alert]")
    expect(alert).to_have_text("The code was wrong.")
    walk.enter("1111")
    expect(alert).to_have_text("The code was wrong.")
    walk.enter("1111")
    assert walk.ended()[:2] == ("false", "otpFailed")
    assert walk.key_count == "0"


def test_a_right_code_after_a_wrong_one_is_right(walk):
    walk.begin().consent().enter("1111")
    expect(walk.page.locator("#step [role=alert]")).to_be_visible()
    walk.enter()
    assert walk.ended()[0] == "true"


def test_without_retry_one_wrong_code_ends_the_flow(walk):
    walk.set(otp_retry=False)
    assert walk.place(code="1111")[:2] == ("false", "otpFailed")


def test_an_sms_is_sent_three_times_at_most(walk):
    walk.begin().consent()
    for count in (2, 3):
        walk.press("resend")
        walk.page.wait_for_function(
            "async ([number, count]) => (await (await fetch("
            "`/outbox.json?phoneNumber=${number}`)).json()).length === count", arg=[LORANT, count])
        walk.page.wait_for_selector("#resend")
    walk.press("resend")
    assert walk.ended()[:2] == ("false", "smsSendsExhausted")
    assert len(walk.messages(LORANT)) == 3


def test_another_number_may_be_entered_in_place_of_one_that_was_asked_for(walk):
    walk.set(sends_number=False).begin()
    walk.consent("2001004017")
    walk.press("other-number").consent(LORANT)
    walk.enter()
    assert walk.ended()[0] == "true"
    assert walk.fact("phoneNumber") == "+1" + LORANT


def test_giving_up_before_the_sms(walk):
    walk.begin()
    walk.press("cancel")
    assert walk.ended() == ("", "cancelled", "")
    assert walk.messages(LORANT) == []
    assert walk.registrations == {}


def test_giving_up_at_the_code(walk):
    walk.begin().consent()
    walk.press("cancel")
    assert walk.ended() == ("", "cancelled", "")
    assert walk.key_count == "0"
    assert walk.place()[0] == "true"


def test_the_integrator_proves_possession_and_binds(walk):
    walk.channel("none").begin()
    walk.page.wait_for_selector("#proven")
    assert walk.page.locator("#result").get_attribute("data-success") == "possession_required"
    walk.press("bind")
    assert walk.ended() == ("true", "noRegistration", "D15")
    assert walk.fact("Possession") == "customer"
    assert walk.registrations == {walk.device: "bound"}


def test_a_key_that_the_integrator_does_not_bind_stays_unbound(walk):
    walk.channel("none").begin()
    walk.press("cancel")
    assert walk.ended() == ("", "cancelled", "")
    assert list(walk.registrations.values()) == ["placed"]
    assert walk.decision == ("D6", "requirePossession")
    walk.channel("mobile")
    assert walk.place() == ("true", "keyNotBound", "D6")
    assert list(walk.registrations.values()) == ["bound"]


def test_a_desktop_waits_for_the_link_that_a_phone_opens(walk, browser):
    sockets = []
    walk.page.on("websocket", lambda socket: sockets.append(socket.url))
    walk.channel("desktop").begin().consent()
    link = walk.page.get_attribute("#link", "href")
    phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    phone.goto(link)
    phone.get_by_role("button", name="Yes, go on").click()
    expect(phone.get_by_role("heading")).to_have_text("Done")
    assert walk.ended() == ("true", "desktopChannel", "D1")
    phone.context.close()
    assert walk.fact("Possession") == "instantLink"
    assert walk.fact("deviceId") is None
    assert (walk.device, walk.key_count) == ("", "0")
    assert len(sockets) == 1


def test_a_link_that_is_refused_ends_the_desktops_flow(walk, browser):
    walk.channel("desktop").begin().consent()
    phone = browser.new_context().new_page()
    phone.goto(walk.page.get_attribute("#link", "href"))
    phone.get_by_role("button", name="No, it was not me").click()
    assert walk.ended()[:2] == ("false", "linkRefused")
    phone.context.close()


def test_a_link_is_sent_again_and_only_the_last_one_counts(walk, browser):
    walk.channel("desktop").begin().consent()
    first = walk.page.get_attribute("#link", "href")
    walk.press("resend")
    expect(walk.page.locator("#link")).not_to_have_attribute("href", first)
    second = walk.page.get_attribute("#link", "href")
    phone = browser.new_context().new_page()
    assert phone.goto(first).status == 404
    phone.goto(second)
    phone.get_by_role("button", name="Yes, go on").click()
    assert walk.ended()[0] == "true"
    phone.context.close()


def test_giving_up_while_the_link_is_awaited(walk):
    walk.channel("desktop").begin().consent()
    walk.press("cancel")
    assert walk.ended() == ("", "cancelled", "")


def test_a_desktop_leaves_a_key_alone(walk, browser):
    walk.place()
    device = walk.device
    walk.channel("desktop").begin().consent()
    phone = browser.new_context().new_page()
    phone.goto(walk.page.get_attribute("#link", "href"))
    phone.get_by_role("button", name="Yes, go on").click()
    assert walk.ended()[0] == "true"
    phone.context.close()
    assert walk.device == device
