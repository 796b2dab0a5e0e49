"""Recipients who prove who they are by a code that is mailed to them, in Chromium and with real mail (spec ACCESS, X-RECEIVE, X-NOTICE)."""
import concurrent.futures
import contextlib
import hashlib
import http.client
import http.cookies
import itertools
import re
import smtplib
import sqlite3
import urllib.error
import urllib.parse
import urllib.request

import pytest
from selenium.webdriver.common.by import By

import harness
import mails
from test_accounts import LANGS, SIZES, Person

TO, SENDER = "suzuki@recipient.example", "tanaka@acme.example"
CONTENT = b"%PDF the contract"
SECTION = harness.SECTION.replace('domains = ["acme.example"]', 'domains = ["acme.example"]\nsettings = { access = ["one-time-code"] }')
BOTH = SECTION.replace('["one-time-code"]', '["password-in-mail", "one-time-code"]')
ASK = {"ja": "確認コードをお送りします", "en": "will be mailed to"}
MAILED = {"ja": "確認コードをお送りしました", "en": "A code was mailed to"}
WRONG = {"ja": "確認コードが違います", "en": "That code is not right"}
OVER = {"ja": "この確認コードは使えません", "en": "This code cannot be used"}
SOON = {"ja": "いまは、確認コードをお送りできません", "en": "No code can be mailed just now"}
LOCKED = {"ja": "一時的に使えなくなっています", "en": "locked for a while"}


class Place:
    def __init__(self, folder, declaration=SECTION):
        self.mailboxes = harness.Mailboxes(folder, [TO, SENDER]).start()
        # Whatever comes from this machine is a proxy that says whom it speaks for.
        config = {"relay": {"smarthost": f"127.0.0.1:{self.mailboxes.port}"}, "http": {"proxies": ["127.0.0.1"]}}
        self.site = harness.Fubako(folder / "fubako", config, declaration).start()
        self.site.base = f"http://127.0.0.1:{self.site.http}"
        self.numbers = itertools.count(1)

    def stop(self):
        self.site.stop()
        self.mailboxes.stop()

    def database(self, sql, *values):
        with contextlib.closing(sqlite3.connect(self.site.data / "fubako.db", timeout=30)) as database, database:
            return database.execute(sql, values).fetchall()

    def declare(self, declaration):
        self.site.declaration.write_text(declaration)
        self.site.run("apply", self.site.declaration)

    def codes(self):
        """The mails with a code that came, the first first."""
        return [mail for mail in self.mailboxes.mails(TO) if "確認コード" in mail["subject"] or "Your code" in mail["subject"]]

    def code(self, count):
        """The code in the mail that is the `count`th."""
        mail = harness.wait_for(f"code {count}", lambda: (self.codes()[count - 1:] or [None])[0], 60)
        text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        code = re.search(r"^ {4}(\d{4} \d{4})$", text, re.M)[1]
        assert mail["dkim-signature"] and mail["auto-submitted"] == "auto-generated" and code[:4] not in mail["subject"]
        assert code in mail.get_body(("html",)).get_content()
        return code

    def submit(self, body="契約書をお送りします。"):
        """A mail with a file: the relayed text, and the link."""
        subject = f"契約書 {next(self.numbers)}"
        there = len(self.mailboxes.raw(TO))
        mail = mails.multipart(mails.head(subject=mails.encoded(subject), sender=SENDER.encode(), to=TO.encode()), [
            (b"Content-Type: text/plain; charset=UTF-8\r\n", body.encode()),
            mails.attachment(b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n", CONTENT)])
        with smtplib.SMTP("127.0.0.1", self.site.starttls, timeout=60) as smtp:
            smtp.starttls()
            smtp.sendmail(SENDER, [TO], mail)
        come = self.mailboxes.wait(TO, there + 2)[there:]
        [relayed] = [mail for mail in come if mail["subject"] == subject]
        [notice] = [mail for mail in come if mail["subject"] == f"[Fubako] {subject}"]
        relayed, notice = (mail.get_body(("plain",)).get_content() for mail in (relayed, notice))
        return relayed, notice, re.search(rf"{self.site.base}(/d/\S+)", notice)[1]

    def post(self, path, form, cookie="", address="192.0.2.1"):
        """A form, sent from an address: the status, and the cookies that come with the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site.http, timeout=120)
        try:
            return post(connection, path, form, cookie, address)
        finally:
            connection.close()

    def ask(self, link):
        """Asks for a code: the cookie of the browser that asked."""
        before = len(self.codes())
        status, cookies = self.post(f"{link}/code", {})
        assert status == 303, status
        return f"fubako_code={cookies['fubako_code'].value}", self.code(before + 1)


def post(connection, path, form, cookie, address):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie, "X-Forwarded-For": address}
    connection.request("POST", path, urllib.parse.urlencode(form), headers)
    answer = connection.getresponse()
    answer.read()
    cookies = http.cookies.SimpleCookie()
    for header in answer.headers.get_all("Set-Cookie") or []:
        cookies.load(header)
    return answer.status, cookies


@pytest.fixture(scope="module")
def place(folder):
    path = folder / "access"
    path.mkdir()
    place = Place(path)
    yield place
    place.stop()


def other(code):
    return "".join(str((int(digit) + 1) % 10) if digit.isdigit() else digit for digit in code)


def scan(place, link):
    """What a scanner of mails does: opens every address that it finds, and those that it guesses."""
    for path in ("", "/code", "/code/open", "/code/open?code=12345678", "/open", "/close", "/files/1", "/all.zip"):
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(place.site.base + link + path, timeout=30).close()


# spec: ACCESS X-RECEIVE X-NOTICE X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_recipient_opens_the_files_with_a_code_by_mail(place, browser, lang, size):
    relayed, notice, link = place.submit()
    assert "契約書をお送りします。" in relayed and "パスワード" not in relayed, relayed
    assert "確認コードを、このメールアドレスにお送りします" in notice and "パスワード" not in notice, notice
    before = len(place.codes())
    scan(place, link)
    with browser.screen(*size):
        person = Person(browser, place.site, lang, size)
        browser.driver.delete_all_cookies()
        page = person.open(link)
        assert ASK[lang] in page and TO in page and not browser.driver.find_elements(By.NAME, "password")
        scan(place, link)
        assert len(place.codes()) == before, "a GET mailed a code"
        assert MAILED[lang] in person.send(f"{link}/code")
        code = place.code(before + 1)
        assert WRONG[lang] in person.send(f"{link}/code/open", code=other(code))
        scan(place, link)
        page = person.send(f"{link}/code/open", code=code)
        assert "a.pdf" in page
        [file] = browser.links("/files/1")
        assert browser.download(file)[1] == hashlib.sha256(CONTENT).hexdigest()
        # It was good once: for whoever reads the mail later it is none.
        browser.driver.delete_all_cookies()
        assert ASK[lang] in person.open(link)
        assert SOON[lang] in person.send(f"{link}/code")
    assert len(place.codes()) == before + 1
    [[state]] = place.database("SELECT COUNT(*) FROM link_sessions s JOIN links l ON l.id = s.link WHERE l.deposit = (SELECT MAX(id) FROM deposits)")
    assert state == 1


# spec: ACCESS
def test_wrong_codes_lock_the_link(place, browser):
    _, _, link = place.submit()
    cookie, code = place.ask(link)
    statuses = [place.post(f"{link}/code/open", {"code": other(code)}, cookie, f"198.51.100.{n}")[0] for n in range(20)]
    # As with passwords: three are free, then each must wait.
    assert statuses == [403] * 3 + [429] * 17
    place.database("UPDATE links SET failures = 9, next_try_at = NULL WHERE failures = 3")
    assert place.post(f"{link}/code/open", {"code": "00000000"}, cookie)[0] == 429
    assert place.post(f"{link}/code/open", {"code": code}, cookie)[0] == 429, "the right one opens a locked link"
    before = len(place.codes())
    assert place.post(f"{link}/code", {})[0] == 429 and len(place.codes()) == before
    for lang in LANGS:
        for size in SIZES:
            with browser.screen(*size):
                assert LOCKED[lang] in Person(browser, place.site, lang, size).open(link)
                assert not browser.driver.find_elements(By.CSS_SELECTOR, "main form")
    lines = place.database("SELECT event, detail FROM audit_lines WHERE event IN ('code-sent', 'link-refused') ORDER BY number")
    assert any("locked-until" in detail and "one-time-code" in detail for event, detail in lines if event == "link-refused")
    digits = code.replace(" ", "")
    assert not any(digits in detail or code in detail for _, detail in lines) and digits not in place.site.log.read_text()


# spec: ACCESS
def test_a_code_is_over_when_its_time_is(place, browser):
    _, _, link = place.submit()
    cookie, code = place.ask(link)
    place.database("UPDATE link_codes SET until = 1 WHERE code_hash IS NOT NULL")
    with browser.screen(*SIZES[0]):
        browser.driver.delete_all_cookies()
        person = Person(browser, place.site, "ja", SIZES[0])
        person.open(link)
        name, value = cookie.split("=")
        browser.driver.add_cookie({"name": name, "value": value, "path": link})
        assert ASK["ja"] in person.open(link)
    assert place.post(f"{link}/code/open", {"code": code}, cookie)[0] == 403
    # In another browser a code that is good opens nothing either.
    place.database("UPDATE link_codes SET made_at = made_at - 60000000")
    cookie, code = place.ask(link)
    for stranger in ("", f"fubako_code={'A' * 43}"):
        assert place.post(f"{link}/code/open", {"code": code}, stranger)[0] == 403
    assert place.post(f"{link}/code/open", {"code": code}, cookie)[0] == 303


# spec: ACCESS
def test_a_thousand_at_once_redeem_one_code_once(place):
    _, _, link = place.submit()
    cookie, code = place.ask(link)

    def redeem(number):
        return place.post(f"{link}/code/open", {"code": code}, cookie, f"10.1.{number // 250}.{number % 250}")

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(redeem, range(1000)))
    opened = [cookies["fubako_link"].value for status, cookies in answers if status == 303]
    assert len(opened) == 1, [status for status, _ in answers]
    assert {status for status, _ in answers} <= {303, 403, 429}
    with urllib.request.urlopen(urllib.request.Request(f"{place.site.base}{link}/files/1", headers={"Cookie": f"fubako_link={opened[0]}"}), timeout=60) as file:
        assert file.read() == CONTENT


# spec: ACCESS
def test_ten_thousand_guesses_from_many_addresses_open_nothing(place):
    _, _, link = place.submit()
    cookie, code = place.ask(link)
    right = int(code.replace(" ", ""))

    def guess(some):
        connection = http.client.HTTPConnection("127.0.0.1", place.site.http, timeout=120)
        with contextlib.closing(connection):
            return [post(connection, f"{link}/code/open", {"code": f"{(right + 1 + n) % 10 ** 8:08}"}, cookie, f"10.{n // 62500}.{n // 250 % 250}.{n % 250}")[0]
                    for n in some]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(itertools.chain.from_iterable(pool.map(guess, [range(at, 10_000, 8) for at in range(8)])))
    assert len(statuses) == 10_000 and set(statuses) <= {403, 429}, set(statuses)
    [[failures]] = place.database("SELECT MAX(failures) FROM links WHERE deposit = (SELECT MAX(id) FROM deposits)")
    assert failures <= 10, failures


# spec: ACCESS X-RECEIVE
def test_without_scripts_and_with_two_ways_either_opens(place, folder):
    from browser import Browser
    _, _, before = place.submit()
    place.declare(BOTH)
    try:
        relayed, notice, link = harness.wait_for("the policy holds", lambda: (lambda mail: mail if "ファイルパスワード" in mail[0] else None)(place.submit()), 60)
        password = re.search(r"ファイルパスワード\n\n(\S{15})\n", relayed.replace("\r\n", "\n"))[1]
        assert "代わりに" in notice
        browser = Browser(folder / "access-plain", scripts=False)
        try:
            for size, lang in itertools.product(SIZES, LANGS):
                with browser.screen(*size):
                    browser.open(f"{place.site.base}{link}?lang={lang}")
                    assert browser.driver.find_elements(By.NAME, "password")
                    assert browser.driver.find_elements(By.CSS_SELECTOR, f"form[action^='{link}/code']")
            there = len(place.codes())
            browser.follow(browser.driver.find_element(By.CSS_SELECTOR, f"form[action^='{link}/code'] button"))
            assert MAILED["en"] in browser.text()
            field = browser.driver.find_element(By.NAME, "code")
            field.send_keys(place.code(there + 1))
            browser.leave(field.submit)
            assert "a.pdf" in browser.text()
        finally:
            browser.stop()
        # What was begun before goes on as it was begun; what has both opens by the password too.
        page = urllib.request.urlopen(place.site.base + before, timeout=30).read().decode()
        assert 'name="password"' not in page and f'action="{before}/code' in page
        assert place.post(f"{link}/open", {"password": password})[0] == 303
        assert place.post(f"{before}/open", {"password": password})[0] == 403
    finally:
        place.declare(SECTION)
