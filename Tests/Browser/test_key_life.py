"""What happens to a key in a browser."""

LORANT = "2001004014"


def test_a_key_is_placed_and_bypasses_the_check_from_then_on(walk):
    assert walk.decision == ("D15", "requirePossession")
    assert walk.place() == ("true", "noRegistration", "D15")
    device = walk.device
    assert walk.fact("deviceId") == device
    assert walk.fact("phoneNumber") == "+1" + LORANT
    assert walk.registrations == {device: "bound"}
    assert walk.decision == ("D10", "authenticate")
    assert walk.selected == [device]

    walk.do("again")
    assert walk.ended() == ("true", "", "D10")
    assert walk.fact("Possession") == "none"
    assert walk.fact("deviceId") == device
    assert len(walk.messages(LORANT)) == 1


def test_the_key_cannot_be_taken_out_of_the_browser(walk):
    walk.place()
    assert walk.page.locator("#storage").get_attribute("data-extractable") == "false"
    exported = walk.page.evaluate("""async () => {
      const database = await new Promise((resolve, reject) => {
        const request = indexedDB.open("prove-auth");
        request.onsuccess = () => resolve(request.result);
        request.onerror = reject;
      });
      const [key] = await new Promise((resolve) => {
        const request = database.transaction("keys").objectStore("keys").getAll();
        request.onsuccess = () => resolve(request.result);
      });
      database.close();
      const tries = ["jwk", "pkcs8", "raw"].map((format) =>
        crypto.subtle.exportKey(format, key.privateKey).then(() => format, () => null));
      return [key.privateKey.type, key.privateKey.extractable, await Promise.all(tries)];
    }""")
    assert exported == ["private", False, [None, None, None]]


def test_the_key_outlives_a_reload_and_a_restart_of_the_sandbox(walk, sandbox):
    walk.place()
    device = walk.device
    sandbox.restart()
    walk.reload()
    walk.channel("mobile")
    assert walk.device == device
    walk.do("authenticate")
    assert walk.ended() == ("true", "", "D10")
    # The session of before the restart is gone; what the cookie kept is not.
    assert walk.fact("Cookies", "#storage").startswith("hold " + device[:8])


def test_an_evicted_key_is_recovered_by_the_stored_device_id(walk):
    walk.place()
    device = walk.device
    walk.do("evict")
    assert (walk.device, walk.key_count) == ("", "0")
    walk.do("recover-stored")
    assert walk.ended() == ("true", "", "D12")
    assert walk.device == device
    assert walk.registrations == {device: "bound"}
    walk.do("again")
    assert walk.ended() == ("true", "", "D10")
    assert any("restored under a new one" in text for text in walk.timeline())


def test_an_evicted_key_is_recovered_by_the_visitor_and_the_number(walk):
    walk.place()
    device = walk.device
    walk.do("evict")
    assert walk.decision == ("D16", "recover")
    walk.do("recover")
    assert walk.ended() == ("true", "", "D16")
    assert walk.device == device


def test_an_evicted_key_is_lost_without_device_context(walk):
    walk.place()
    first = walk.device
    walk.do("evict")
    walk.set(device_context=False)
    assert walk.place() == ("true", "noKey", "D11")
    assert walk.device != first
    assert walk.registrations == {first: "bound", walk.device: "bound"}


def test_another_browser_recovers_nothing(walk, new_walk):
    walk.place()
    other = new_walk(path="/?visitor=another").channel("mobile")
    assert other.decision == ("D15", "requirePossession")
    other.begin("recover").consent().press("cancel")
    assert other.ended() == ("", "cancelled", "")
    assert other.key_count == "0"


def test_of_several_registrations_the_latest_is_restored_or_the_one_that_is_stored(walk):
    walk.place()
    first = walk.device
    walk.do("evict")
    # A forced check places another key beside the first, as before Key Persistence.
    walk.set(rebind=True)
    assert walk.place() == ("true", "rebindRequested", "D4")
    second = walk.device
    walk.set(rebind=False)
    walk.do("evict")
    assert set(walk.registrations) == {first, second}

    assert walk.decision == ("D17", "recover")
    assert walk.selected == [second]
    walk.do("recover")
    assert walk.ended() == ("true", "", "D17")
    assert walk.device == second

    walk.do("evict")
    walk.stored(first)
    assert walk.decision == ("D12", "recover")
    assert walk.selected == [first]
    walk.do("authenticate")
    assert walk.ended() == ("true", "", "D12")
    assert walk.device == first


def test_another_number_is_refused_until_it_is_rebound(walk):
    walk.place()
    device = walk.device
    walk.person("Bertie")
    assert walk.decision == ("D8", "reject")
    walk.do("authenticate")
    assert walk.ended() == ("false", "phoneMismatch", "D8")
    assert walk.device == device

    walk.page.select_option("#new-person", "+2001004025")
    assert walk.place("change-number") == ("true", "rebindRequested", "D4")
    assert walk.device == device
    assert walk.fact("phoneNumber") == "+2001004025"
    walk.do("authenticate")
    assert walk.ended() == ("true", "", "D10")


def test_a_rebind_that_fails_leaves_the_old_number(walk):
    walk.place()
    device = walk.device
    walk.set(otp_retry=False)
    walk.page.select_option("#new-person", "2001004015")
    assert walk.place("change-number", code="1111")[:2] == ("false", "otpFailed")
    walk.person("Lorant")
    walk.do("authenticate")
    assert walk.ended() == ("true", "", "D10")
    assert walk.device == device


def test_a_revoked_key_is_8019_and_is_dropped(walk):
    walk.person("Penny")
    assert walk.place()[0] == "true"
    assert walk.fact("Possession") == "otp"
    device = walk.device
    walk.do("revoke")
    assert walk.registrations == {device: "revoked"}
    assert walk.decision == ("D2", "reject")
    walk.do("again")
    assert walk.ended() == ("", "revoked", "")
    assert walk.fact("Code") == "8019"
    assert "device has been revoked" in walk.page.inner_text("#result")
    assert (walk.device, walk.key_count) == ("", "0")

    assert walk.place()[0] == "true"
    assert walk.device not in ("", device)


def test_a_revoked_registration_is_not_recovered(walk):
    walk.place()
    device = walk.device
    walk.do("evict").do("revoke")
    walk.begin("recover-stored").consent().enter()
    assert walk.ended() == ("true", "storedDeviceRevoked", "D13")
    assert walk.device != device


def test_after_twelve_months_the_key_is_inactive_and_its_successor_retires_it(walk):
    walk.place()
    device = walk.device
    walk.do("twelve-months")
    assert walk.decision == ("D7", "requirePossession")
    assert walk.place("again") == ("true", "keyInactive", "D7")
    successor = walk.device
    assert successor != device
    assert walk.registrations == {device: "revoked", successor: "bound"}
    card = f"#registrations li[data-device='{device}']"
    assert walk.fact("Revoked as", card) == "deactivated"


def test_an_inactive_registration_is_not_recovered(walk):
    walk.place()
    walk.do("evict").do("twelve-months")
    assert walk.decision == ("D15", "requirePossession")
    walk.begin("recover-stored").consent().enter()
    assert walk.ended() == ("true", "keyInactive", "D13")


def test_an_authentication_begins_the_twelve_months_anew(walk, sandbox):
    walk.place()
    for _ in range(2):
        walk.page.request.post(sandbox.url + "/sandbox/clock", data={"advanceMonths": 11})
        walk.do("again")
        assert walk.ended() == ("true", "", "D10")


def test_an_answer_that_is_lost_is_made_good_by_the_next_flow(walk):
    def lose(route):
        if '"type":"offered"' in (route.request.post_data or ""):
            route.fetch()  # the server has done its part
            route.abort()
        else:
            route.fallback()

    walk.page.route("**/v1/device/reply", lose)
    walk.begin().consent().enter()
    assert walk.ended() == ("", "connectionLost", "")
    assert (walk.device, walk.key_count) == ("", "1")
    walk.page.unroute("**/v1/device/reply")

    walk.do("again")
    assert walk.ended() == ("true", "", "D10")
    assert walk.device != ""
    assert walk.registrations == {walk.device: "bound"}


def test_two_tabs_share_the_key(walk, new_walk):
    walk.place()
    other = new_walk(context=walk.page.context, path="/?visitor=phone").channel("mobile")
    assert other.device == walk.device
    walk.begin("again")
    other.begin("authenticate")
    assert walk.ended() == ("true", "", "D10")
    assert other.ended() == ("true", "", "D10")
