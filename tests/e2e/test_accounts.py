"""A person's account, from the invitation to signing out everywhere, as Chromium sees it (spec X-ACCOUNTS, X-LANG)."""
import re
import sqlite3

import pytest
from selenium.webdriver.common.by import By

import harness

SECTION = harness.SECTION.replace('domains = ["acme.example"]', 'domains = ["acme.example"]\nsettings = { sign_in_tries = 3, password_days = 30 }') + """
[[section.user]]
login_id = "tanaka"
address = "tanaka@acme.example"
name = "田中 一郎"
"""
PASSWORD, OTHER = "雨の日には傘をさして歩く", "晴れた日には帽子をかぶる"
SIZES, LANGS = [(390, 844), (1280, 900)], ["ja", "en"]
REFUSED = {"ja": "サインインできませんでした", "en": "You could not be signed in"}
EXPIRED = {"ja": "有効期限が過ぎました", "en": "Your password has expired"}
LINK_OVER = {"ja": "このリンクは使えません", "en": "This link cannot be used"}
SESSIONS = {"ja": "サインイン中の端末", "en": "Signed-in devices"}


@pytest.fixture
def site(folder, request):
    """One for each story: wrong passwords count for the network that they come from."""
    server = harness.Fubako(folder / f"accounts-{abs(hash(request.node.name))}", declaration=SECTION).start()
    server.base = f"http://127.0.0.1:{server.http}"
    yield server
    server.stop()


@pytest.fixture
def other_browser(folder, request):
    from browser import Browser
    browser = Browser(folder / f"other-{abs(hash(request.node.name))}")
    yield browser
    browser.stop()


def link(said):
    [found] = re.findall(r"^http\S+/invitation/\S+$", said, re.M)
    return found


class Person:
    """Somebody at a browser, who reads one language and looks at every page."""

    def __init__(self, browser, site, lang, size):
        self.browser, self.site, self.lang, self.size = browser, site, lang, size
        self.seen = set()

    def open(self, path):
        address = path if path.startswith("http") else self.site.base + path
        self.browser.open(f"{address}?lang={self.lang}")
        return self.look()

    def look(self):
        """The page, which has nothing serious for axe to find and does not scroll sideways."""
        html = self.browser.driver.find_element(By.TAG_NAME, "html")
        assert html.get_attribute("lang") == self.lang
        text = self.browser.text()
        if text not in self.seen:
            self.seen.add(text)
            assert self.browser.axe() == [] and self.browser.sideways() == (self.size[0], 0)
        return text

    def send(self, action, **fields):
        """Fills the form that leads there, sends it, and gives the page that comes."""
        form = self.browser.driver.find_element(By.CSS_SELECTOR, f"form[action^='{action}']")
        for name, value in fields.items():
            field = form.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)
        self.browser.follow(form.find_element(By.CSS_SELECTOR, "button[type=submit]"))
        return self.look()

    def sign_in(self, name, password):
        self.open("/sign-in")
        return self.send("/sign-in", name=name, password=password)

    def is_in(self):
        self.open("/me")
        return "/me" in self.browser.driver.current_url


def choose(person, url, password):
    assert "http" in url
    person.open(url)
    return person.send("/invitation/", password=password, again=password)


# spec: X-ACCOUNTS X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_person_s_whole_story(site, browser, other_browser, lang, size):
    login = f"op-{lang}-{size[0]}"
    said = site.run("operator", "add", login, "--address", f"{login}@ops.example").stdout
    url = link(said)
    again = site.run("operator", "add", login, "--address", "x@ops.example", check=False)
    assert again.returncode != 0 and "already" in again.stderr
    with browser.screen(*size):
        one = Person(browser, site, lang, size)
        browser.driver.delete_all_cookies()
        assert login in one.open(url) and f"{login}@ops.example" in one.browser.text()
        one.send("/invitation/", password="short", again="short")
        assert "12" in browser.driver.find_element(By.CSS_SELECTOR, "[role=alert]").text
        one.send("/invitation/", password=PASSWORD, again=PASSWORD)
        assert "/sign-in" in browser.driver.current_url
        assert LINK_OVER[lang] in one.open(url), "it worked once"
        assert not one.is_in()

        # Wrong passwords: told one thing, and in the end the right one does not help.
        assert REFUSED[lang] in one.sign_in(login, "not the password")
        assert SESSIONS[lang] in one.sign_in(login, PASSWORD)
        cookie, = [c for c in browser.driver.get_cookies() if c["name"] == "fubako_session"]
        assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and cookie["path"] == "/"
        one.send("/sign-out")
        assert not one.is_in()
        for _ in range(10):
            assert REFUSED[lang] in one.sign_in(login, "not the password")
        assert REFUSED[lang] in one.sign_in(login, PASSWORD)
        assert re.search(rf"^{login}\s+locked", site.run("operator", "list").stdout, re.M)

        # A reset: the way in is to choose another.
        url = link(site.run("operator", "reset", login).stdout)
        assert REFUSED[lang] in one.sign_in(login, PASSWORD)
        choose(one, url, OTHER)
        assert SESSIONS[lang] in one.sign_in(login, OTHER)

    # Everywhere else, and with the password.
    two = Person(other_browser, site, lang, size)
    with other_browser.screen(*size), browser.screen(*size):
        two.sign_in(login, OTHER)
        assert two.is_in() and one.is_in()
        one.open("/me/sessions")
        one.send("/me/sessions/end", password="wrong")
        assert two.is_in()
        one.send("/me/sessions/end", password=OTHER)
        assert one.is_in() and not two.is_in()
        two.sign_in(login, OTHER)
        one.open("/me/password")
        one.send("/me/password", current="wrong", password=PASSWORD, again=PASSWORD)
        one.send("/me/password", current=OTHER, password=PASSWORD, again=PASSWORD)
        assert one.is_in() and not two.is_in()
        assert REFUSED[lang] in two.sign_in(login, OTHER)
        one.open("/me")
        one.send("/sign-out")
        assert not one.is_in()

        # Gone: at once where they are signed in, and for good.
        one.sign_in(login, PASSWORD)
        assert one.is_in()
        assert site.run("operator", "remove", login.upper(), check=False).returncode != 0
        assert "no operator any more" in site.run("operator", "remove", login).stdout
        assert not one.is_in()
        assert REFUSED[lang] in one.sign_in(login, PASSWORD)
        assert login not in site.run("operator", "list").stdout


# spec: X-ACCOUNTS X-LANG
@pytest.mark.parametrize("lang", LANGS)
def test_a_user_s_password_expires(site, browser, lang):
    size = (390, 844)
    url = link(site.run("operator", "reset", "acme/tanaka").stdout)
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        browser.driver.delete_all_cookies()
        assert "acme/tanaka" in person.open(url)
        choose(person, url, PASSWORD)
        assert "田中 一郎" in person.sign_in("tanaka@acme.example", PASSWORD)
        person.send("/sign-out")
        with sqlite3.connect(site.data / "fubako.db", timeout=30) as database:
            database.execute("UPDATE accounts SET password_set_at = password_set_at - ? WHERE login_id = 'tanaka'", (30 * 86_400 * 1_000_000,))
        assert EXPIRED[lang] in person.sign_in("acme/tanaka", PASSWORD)
        assert EXPIRED[lang] in person.open("/me"), "nothing else is open"
        person.send("/me/password", current=PASSWORD, password=OTHER, again=OTHER)
        assert SESSIONS[lang] in person.open("/me")
        # A lock, and its opening.
        person.send("/sign-out")
        for _ in range(3):
            assert REFUSED[lang] in person.sign_in("acme/tanaka", PASSWORD)
        assert REFUSED[lang] in person.sign_in("acme/tanaka", OTHER)
        site.run("operator", "unlock", "acme/tanaka")
        assert SESSIONS[lang] in person.sign_in("acme/tanaka", OTHER)
        person.send("/sign-out")


# spec: X-ACCOUNTS
def test_no_secret_is_kept_or_logged(site):
    url = link(site.run("operator", "add", "quiet", "--address", "quiet@ops.example").stdout)
    secret = url.rsplit("/", 1)[1]
    for path in [site.log, *site.data.glob("fubako.db*")]:
        octets = path.read_bytes()
        for text in (secret, PASSWORD, OTHER):
            assert text.encode() not in octets, path
