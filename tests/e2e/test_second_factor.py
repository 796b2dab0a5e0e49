"""Two-step verification, from the QR code to a lost phone, as Chromium sees it (spec X-ACCOUNTS, X-LANG)."""
import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from selenium.webdriver.common.by import By

import harness
from test_accounts import LANGS, PASSWORD, REFUSED, SESSIONS, SIZES, Person, choose, link

REQUIRED = harness.SECTION.replace('domains = ["acme.example"]', 'domains = ["acme.example"]\nsettings = { second_factor = "required", sign_in_tries = 3 }') + """
[[section.user]]
login_id = "tanaka"
address = "tanaka@acme.example"
name = "田中 一郎"

[[section.user]]
login_id = "sato"
address = "sato@acme.example"
name = "佐藤 花子"
administrator = true
"""
ON = {"ja": "二段階認証を設定しました", "en": "Two-step verification is on"}
MUST = {"ja": "二段階認証の設定が必要です", "en": "Two-step verification is required"}
NOT_ACCEPTED = {"ja": "コードを確認できませんでした", "en": "The code was not accepted"}
OFF = {"ja": "二段階認証を解除しました", "en": "Two-step verification"}
CODE = {"ja": "認証コード", "en": "6 digits"}


@pytest.fixture
def site(folder, request):
    config = {"accounts": {"operator_second_factor": "required"}}
    server = harness.Fubako(folder / f"second-{abs(hash(request.node.name))}", config, declaration=REQUIRED).start()
    server.base = f"http://127.0.0.1:{server.http}"
    yield server
    server.stop()


class App:
    """An authenticator app (RFC 6238). It never shows a code again that it has shown: it waits for the next."""

    def __init__(self, key):
        self.key, self.last = base64.b32decode(key.replace(" ", "")), 0

    def at(self, step):
        tag = hmac.new(self.key, struct.pack(">Q", step), hashlib.sha1).digest()
        start = tag[-1] & 15
        return f"{(struct.unpack('>I', tag[start:start + 4])[0] & 0x7fffffff) % 1_000_000:06}"

    def code(self):
        # The code of the next step is good already, so that a story waits for half of its codes only.
        def fresh():
            now = int(time.time()) // 30
            return next((step for step in (now, now + 1) if step > self.last), None)

        self.last = harness.wait_for("the next code", fresh, 60, every=0.5)
        return self.at(self.last)


def set_up(person):
    """On the page that asks for it: gives the app and the recovery codes."""
    driver = person.browser.driver
    person.send("/me/second-factor/begin", password=PASSWORD)
    app = App(driver.find_element(By.CSS_SELECTOR, "code.key").text)
    qr = driver.find_element(By.CSS_SELECTOR, "svg.qr")
    assert qr.size["width"] > 200 and qr.get_attribute("aria-label")
    # Black squares on white, with no line around them: else no camera reads it.
    for part, fill in ((".qr .dark", "rgb(0, 0, 0)"), (".qr .white", "rgb(255, 255, 255)")):
        drawn = driver.find_element(By.CSS_SELECTOR, part)
        assert (drawn.value_of_css_property("stroke"), drawn.value_of_css_property("fill")) == ("none", fill)
    uri = driver.find_element(By.CSS_SELECTOR, "a[href^='otpauth:']").get_attribute("href")
    assert base64.b32encode(app.key).decode() in uri
    person.send("/me/second-factor/confirm", code="000000")
    assert "/me/second-factor" in driver.current_url
    text = person.send("/me/second-factor/confirm", code=app.code())
    assert ON[person.lang] in text
    codes = [element.text for element in driver.find_elements(By.CSS_SELECTOR, ".codes code")]
    assert len(codes) == 10 and all(re.fullmatch(r"([A-Z2-7]{4}-){3}[A-Z2-7]{4}", code) for code in codes)
    return app, codes


def recover(person, code):
    """Enters a recovery code, in the second form of the page."""
    form = person.browser.driver.find_element(By.ID, "recovery").find_element(By.XPATH, "./ancestor::form")
    form.find_element(By.NAME, "code").send_keys(code)
    person.browser.follow(form.find_element(By.CSS_SELECTOR, "button"))
    return person.look()


# spec: X-ACCOUNTS X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_the_whole_story_of_a_second_factor(site, browser, lang, size):
    user = link(site.run("operator", "reset", "acme/tanaka").stdout)
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        browser.driver.delete_all_cookies()
        choose(person, user, PASSWORD)
        # Required: nothing else is open.
        assert MUST[lang] in person.sign_in("acme/tanaka", PASSWORD)
        for path in ("/me", "/sent", "/me/password"):
            assert MUST[lang] in person.open(path), path
        app, codes = set_up(person)
        assert SESSIONS[lang] in person.open("/me")
        text = person.open("/me/second-factor")
        assert codes[0] not in browser.driver.page_source and base64.b32encode(app.key).decode() not in browser.driver.page_source
        assert "10" in text
        person.open("/me")
        person.send("/sign-out")

        # Signing in: the password leads to one page, which is no session; then the code, good once.
        assert CODE[lang] in person.sign_in("tanaka@acme.example", PASSWORD)
        assert "/sign-in/code" in browser.driver.current_url
        [half] = browser.driver.get_cookies()
        assert half["name"] == "fubako_sign_in" and half["httpOnly"] and half["sameSite"] == "Strict"
        assert not person.is_in()
        person.sign_in("tanaka@acme.example", PASSWORD)
        assert NOT_ACCEPTED[lang] in person.send("/sign-in/code", code=app.at(app.last)), "it was used to turn it on"
        assert SESSIONS[lang] in person.send("/sign-in/code", code=app.code())
        assert [c["name"] for c in browser.driver.get_cookies()] == ["fubako_session"]
        person.send("/sign-out")

        # A recovery code, once.
        person.sign_in("acme/tanaka", PASSWORD)
        assert SESSIONS[lang] in recover(person, codes[0].lower())
        person.send("/sign-out")
        person.sign_in("acme/tanaka", PASSWORD)
        assert NOT_ACCEPTED[lang] in recover(person, codes[0])
        # And two more wrong ones lock, though the password is right each time.
        person.send("/sign-in/code", code="000000")
        person.sign_in("acme/tanaka", PASSWORD)
        assert NOT_ACCEPTED[lang] in person.send("/sign-in/code", code="000000")
        assert REFUSED[lang] in person.sign_in("acme/tanaka", PASSWORD)
        site.run("operator", "unlock", "acme/tanaka")

        # New recovery codes, and off.
        person.sign_in("acme/tanaka", PASSWORD)
        recover(person, codes[1])
        person.open("/me/second-factor")
        person.send("/me/second-factor/codes", password=PASSWORD, code=app.code())
        new = [element.text for element in browser.driver.find_elements(By.CSS_SELECTOR, ".codes code")]
        assert len(new) == 10 and not set(new) & set(codes)
        person.open("/me/second-factor")
        person.send("/me/second-factor/off", password=PASSWORD, code=codes[2])
        assert "/me/second-factor" in browser.driver.current_url, "void"
        assert MUST[lang] in person.send("/me/second-factor/off", password=PASSWORD, code=new[0])
    # What was secret is nowhere in the clear.
    octets = b"".join(path.read_bytes() for path in [site.log, *site.data.glob("fubako.db*")])
    secrets = [app.key, base64.b32encode(app.key), *(code.encode() for code in codes + new)]
    assert not [secret for secret in secrets if secret in octets]
    assert re.search(r"the password was right, and a code is asked for", site.log.read_text())


# spec: X-ACCOUNTS X-ADMIN X-LANG
@pytest.mark.parametrize("lang", LANGS)
def test_a_lost_phone(site, browser, lang):
    size = (390, 844)
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        browser.driver.delete_all_cookies()
        for name in ("acme/tanaka", "acme/sato"):
            choose(person, link(site.run("operator", "reset", name).stdout), PASSWORD)
            person.sign_in(name, PASSWORD)
            set_up(person)
            if name == "acme/tanaka":
                person.open("/me")
                person.send("/sign-out")
        # The administrator takes it away; the password alone leads to setting up another.
        person.open("/section/user/tanaka")
        assert OFF[lang] in person.send("/section/user/tanaka/second-factor")
        person.open("/section/user/sato")
        assert not browser.driver.find_elements(By.CSS_SELECTOR, "form[action^='/section/user/sato/second-factor']")
        person.open("/me")
        person.send("/sign-out")
        assert MUST[lang] in person.sign_in("acme/tanaka", PASSWORD)
        person.send("/sign-out")
        # Nobody else is left to do it for the administrator but the operator.
        assert CODE[lang] in person.sign_in("acme/sato", PASSWORD)
        choose(person, link(site.run("operator", "reset", "acme/sato").stdout), PASSWORD)
        assert MUST[lang] in person.sign_in("acme/sato", PASSWORD)
        person.send("/sign-out")

        # Operators are under the configuration's rule.
        choose(person, link(site.run("operator", "add", f"root-{lang}", "--address", "root@ops.example").stdout), PASSWORD)
        assert MUST[lang] in person.sign_in(f"root-{lang}", PASSWORD)
        assert MUST[lang] in person.open("/operator/maintenance")
        set_up(person)
        person.open("/operator/maintenance")
        assert browser.driver.current_url.startswith(f"{site.base}/operator/maintenance")
        person.open("/audit")
        assert ("二段階認証の設定" if lang == "ja" else "Two-step verification on") in browser.text()
