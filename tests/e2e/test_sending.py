"""Sending on a page: Chromium from the new deposit to the cancelled one, and an upload that is killed twice and arrives whole (spec X-SEND, X-LANG).

`FUBAKO_TEST_UPLOAD_MIB=2048` makes the killed upload as large as a deposit may be.
"""
import base64
import hashlib
import http.client
import json
import os
import re
import signal
import time
import urllib.parse
import uuid

import pytest
from selenium.webdriver.common.by import By

import harness
from browser import Browser
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link
from test_cancelling import CANCELLED, GONE, ONE_CANCELLED, SECTION, TOOK_ALL, click, open_link, sign_in

ONE, TWO, USER = "suzuki@recipient.example", "sato@recipient.example", "tanaka@acme.example"
MIB = int(os.environ.get("FUBAKO_TEST_UPLOAD_MIB", "96"))
PART = 8 << 20
FAULTS = {"ja": "送信できませんでした", "en": "This was not sent"}
NO_ADDRESS = {"ja": "メールアドレスの形ではありません", "en": "This is not a mail address"}
NO_SUBJECT = {"ja": "件名を入力してください", "en": "Please enter a subject"}
UPLOADED = {"ja": "アップロード済み", "en": "Uploaded"}
STOPPED = {"ja": "途中で止まっています", "en": "Stopped half-way"}
SENT = {"ja": "送信しました", "en": "Sent. The recipients"}
MESSAGE = "ご確認ください。 <b>&</b>"


@pytest.fixture(scope="module")
def place(folder):
    own = folder / "sending"
    mailboxes = harness.Mailboxes(own, [ONE, TWO, USER]).start()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}, SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes
    site.stop()
    mailboxes.stop()


@pytest.fixture
def recipient_browser(folder, request):
    browser = Browser(folder / f"sending-{abs(hash(request.node.name))}")
    yield browser
    browser.stop()


def fill(browser, **fields):
    for name, value in fields.items():
        field = browser.driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(value)


def submit(person):
    person.browser.follow(person.browser.driver.find_element(By.ID, "submit"))
    return person.look()


def wait_uploaded(browser, lang, count):
    def all_there():
        lines = browser.driver.find_elements(By.CSS_SELECTOR, "#uploads .how")
        return len(lines) == count and all(line.text == UPLOADED[lang] for line in lines)
    harness.wait_for("the files are uploaded", all_there, 60)


def links_in(mailboxes, there):
    found = {}
    for to in (ONE, TWO):
        mailboxes.wait(to, there[to] + 1)
        mail, = mailboxes.mails(to)[there[to]:]
        found[to] = harness.link_in(mail), "".join(harness.bodies(mail))
    return found


# spec: X-SEND X-CANCEL X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_the_whole_story_from_sending_to_cancelling(place, browser, recipient_browser, folder, lang, size):
    site, mailboxes = place
    there = {to: len(mailboxes.raw(to)) for to in (ONE, TWO)}
    large, small = folder / f"大きな図面-{lang}-{size[0]}.bin", folder / f"memo-{lang}-{size[0]}.txt"
    large.write_bytes(os.urandom(20 << 20))
    small.write_bytes(b"a small file")
    with browser.screen(*size), recipient_browser.screen(*size):
        sender, recipient = Person(browser, site, lang, size), Person(recipient_browser, site, lang, size)
        sign_in(site, sender, "tanaka")
        click(sender, "a[href^='/sent/new']")
        # Wrong at first: told beside the fields, and nothing is lost.
        fill(browser, recipients=f"{ONE}\nnobody", message=MESSAGE)
        browser.driver.find_element(By.ID, "file").send_keys(f"{large}\n{small}")
        wait_uploaded(browser, lang, 2)
        page = submit(sender)
        assert FAULTS[lang] in page and NO_ADDRESS[lang] in page and NO_SUBJECT[lang] in page
        assert browser.driver.find_element(By.NAME, "message").get_attribute("value") == MESSAGE
        wait_uploaded(browser, lang, 2)
        # A reload finds what was uploaded.
        browser.driver.refresh()
        wait_uploaded(browser, lang, 2)
        subject = f"図面の送付 {lang} {size[0]}"
        fill(browser, recipients=f"{ONE}, {TWO}", subject=subject, message=MESSAGE)
        page = submit(sender)
        assert SENT[lang] in page and subject in page and large.name in page and small.name in page

        # The password is shown to the sender, and opens what the recipients were told of.
        browser.driver.find_element(By.CSS_SELECTOR, ".pass summary").click()
        password = browser.driver.find_element(By.CSS_SELECTOR, ".pass code").text
        assert len(password) == 15
        notices = links_in(mailboxes, there)
        for url, text in notices.values():
            assert password not in text and subject in text and MESSAGE.split(" ")[0] in text
        open_link(recipient, notices[ONE][0], password)
        # They are numbered as their uploads began: a small file's may begin before that of a large one.
        got = {recipient_browser.download(recipient_browser.links(f"/files/{number}")[0])[1] for number in (1, 2)}
        assert got == {hashlib.sha256(path.read_bytes()).hexdigest() for path in (large, small)}
        one = browser.driver.current_url.split("?")[0]
        harness.wait_for("the download is seen", lambda: TOOK_ALL[lang] in sender.open(one), 10)

        # Taken back for the one, then whole.
        click(sender, "a[href*='/cancel/']")
        assert ONE_CANCELLED[lang] in sender.send("/sent/")
        assert GONE[lang] in recipient.open(notices[ONE][0])
        assert small.name in open_link(recipient, notices[TWO][0], password)
        click(sender, "a[href*='/cancel']")
        assert CANCELLED[lang] in sender.send("/sent/")
        assert GONE[lang] in recipient.open(notices[TWO][0])
        assert not browser.driver.find_elements(By.CSS_SELECTOR, ".pass"), "nothing is left to be opened"
        sender.open("/me")
        sender.send("/sign-out")


# spec: X-SEND
def test_a_browser_goes_on_where_the_server_was_killed(place, browser, folder):
    """The server dies in the middle and comes back; and after a reload the same file, chosen again, goes on where it was."""
    site, _ = place
    lang, size = "en", (1280, 900)
    path = folder / "resumed.bin"
    path.write_bytes(os.urandom(120 << 20))
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        sign_in(site, person, "tanaka")
        person.open("/sent/new")
        browser.driver.execute_cdp_cmd("Network.enable", {})
        slow = {"offline": False, "latency": 1, "downloadThroughput": -1, "uploadThroughput": 30 << 20}
        browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
        browser.driver.find_element(By.ID, "file").send_keys(str(path))

        def received():
            item = browser.driver.find_elements(By.CSS_SELECTOR, "#uploads li")
            return int(item[0].get_attribute("data-received")) if item else 0
        harness.wait_for("some of it is there", lambda: received() >= 2 * PART, 60)
        site.stop(signal.SIGKILL)
        before = received()
        site.start()
        harness.wait_for("it goes on by itself", lambda: received() > before, 60)
        browser.driver.refresh()
        item, = browser.driver.find_elements(By.CSS_SELECTOR, "#uploads li")
        kept = int(item.get_attribute("data-received"))
        assert STOPPED[lang] in item.text and before <= kept < path.stat().st_size
        upload = item.get_attribute("data-id")
        person.look()
        browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
        browser.driver.find_element(By.ID, "file").send_keys(str(path))
        wait_uploaded(browser, lang, 1)
        item, = browser.driver.find_elements(By.CSS_SELECTOR, "#uploads li")
        assert item.get_attribute("data-id") == upload, "it began anew"
        click_remove = browser.driver.find_element(By.CSS_SELECTOR, "#uploads button")
        click_remove.click()
        harness.wait_for("it is gone", lambda: not browser.driver.find_elements(By.CSS_SELECTOR, "#uploads li"), 10)
        person.open("/me")
        person.send("/sign-out")


# spec: X-SEND
def test_a_stopped_upload_does_not_go_on_with_another_file(place, browser, recipient_browser, folder):
    """Of the same name and size, mended meanwhile: what arrives is the file that was chosen last, whole."""
    site, mailboxes = place
    lang, size = "ja", (1280, 900)
    there = {to: len(mailboxes.raw(to)) for to in (ONE, TWO)}
    path = folder / "図面.bin"
    path.write_bytes(b"1" * (40 << 20))
    with browser.screen(*size), recipient_browser.screen(*size):
        person, recipient = Person(browser, site, lang, size), Person(recipient_browser, site, lang, size)
        sign_in(site, person, "tanaka")
        person.open("/sent/new")
        browser.driver.execute_cdp_cmd("Network.enable", {})
        slow = {"offline": False, "latency": 1, "downloadThroughput": -1, "uploadThroughput": 12 << 20}
        browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", slow)
        browser.driver.find_element(By.ID, "file").send_keys(str(path))

        def received():
            item = browser.driver.find_elements(By.CSS_SELECTOR, "#uploads li")
            return int(item[0].get_attribute("data-received")) if item else 0
        harness.wait_for("some of it is there", lambda: received() >= PART, 60)
        browser.driver.refresh()
        assert 0 < received() < path.stat().st_size
        browser.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
        path.write_bytes(b"2" * (40 << 20))
        browser.driver.find_element(By.ID, "file").send_keys(str(path))
        wait_uploaded(browser, lang, 1)
        fill(browser, recipients=f"{ONE}, {TWO}", subject="図面", message="")
        assert SENT[lang] in submit(person)
        browser.driver.find_element(By.CSS_SELECTOR, ".pass summary").click()
        password = browser.driver.find_element(By.CSS_SELECTOR, ".pass code").text
        open_link(recipient, links_in(mailboxes, there)[ONE][0], password)
        _, digest = recipient_browser.download(recipient_browser.links("/files/1")[0])
        assert digest == hashlib.sha256(path.read_bytes()).hexdigest(), "a mixture of two files was sent"
        # The way back leads to a page for another deposit, not to that one.
        browser.driver.back()
        harness.wait_for("the page", lambda: browser.driver.find_elements(By.NAME, "subject"), 30)
        fill(browser, recipients=ONE, subject="そのあとの図面", message="")
        browser.driver.find_element(By.ID, "file").send_keys(str(path))
        wait_uploaded(browser, lang, 1)
        page = submit(person)
        assert SENT[lang] in page and "そのあとの図面" in page, "said to be sent, and not sent"
        person.open("/me")
        person.send("/sign-out")


# spec: X-SEND
def test_without_a_script_the_form_sends_the_files(place, folder):
    site, mailboxes = place
    there = {to: len(mailboxes.raw(to)) for to in (ONE, TWO)}
    plain = Browser(folder / "no-scripts", scripts=False)
    try:
        size = (390, 844)
        with plain.screen(*size):
            site.run("operator", "reset", "acme/tanaka")
            url = link(site.run("operator", "reset", "acme/tanaka").stdout)
            driver = plain.driver
            driver.get(url)
            for name in ("password", "again"):
                driver.find_element(By.NAME, name).send_keys(PASSWORD)
            plain.follow(driver.find_element(By.CSS_SELECTOR, "form[action^='/invitation'] button[type=submit]"))
            driver.get(f"{site.base}/sign-in?lang=en")
            fill(plain, name="acme/tanaka", password=PASSWORD)
            plain.follow(driver.find_element(By.ID, "submit"))
            driver.get(f"{site.base}/sent/new?lang=en")
            path = folder / "plain.txt"
            path.write_bytes(b"by the form alone")
            fill(plain, recipients=f"{ONE} {TWO}", subject="")
            driver.find_element(By.ID, "file").send_keys(str(path))
            plain.follow(driver.find_element(By.ID, "submit"))
            assert NO_SUBJECT["en"] in plain.text()
            assert "plain.txt" in plain.text(), "the file need not be chosen again"
            fill(plain, subject="without a script")
            plain.follow(driver.find_element(By.ID, "submit"))
            assert SENT["en"] in plain.text()
            assert "plain.txt" in plain.text()
            assert "without a script" in links_in(mailboxes, there)[ONE][1]
    finally:
        plain.stop()


class Tus:
    """Somebody who is signed in, as a program that speaks tus."""

    def __init__(self, site, login):
        self.site, self.visitor = site, harness.Visitor(site.base)
        said = site.run("operator", "reset", f"acme/{login}").stdout
        self.visitor.send(re.search(r"/invitation/\S+", said)[0], password=PASSWORD, again=PASSWORD)
        self.visitor.send("/sign-in", name=f"acme/{login}", password=PASSWORD)
        self.key = re.search('name="form" value="([^"]+)"', self.visitor.page("/me"))[1]
        jar = next(h.cookiejar for h in self.visitor.opener.handlers if hasattr(h, "cookiejar"))
        self.cookie = "; ".join(f"{c.name}={c.value}" for c in jar)

    def headers(self, **more):
        own = {"Cookie": self.cookie, "Fubako-Form": self.key, "Tus-Resumable": "1.0.0"}
        return own | {name.replace("_", "-"): value for name, value in more.items()}

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.site.http, timeout=300)
        connection.request(method, path, body=body, headers=self.headers(**headers))
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def offset(self, path):
        return int(self.ask("HEAD", path).headers["Upload-Offset"])

    def at_rest(self, path):
        before = self.offset(path)
        time.sleep(1)
        return before if before and self.offset(path) == before else None

    def pour(self, path, octets, until, cut=None):
        """Sends octets from where the upload is, in one request; `cut` is called, and the connection is gone, when `until` octets of the file are out."""
        at = self.offset(path)
        end = octets.size if cut is None else until
        connection = http.client.HTTPConnection("127.0.0.1", self.site.http, timeout=300)
        connection.putrequest("PATCH", path)
        for name, value in self.headers(Upload_Offset=str(at), Content_Type="application/offset+octet-stream", Content_Length=str(octets.size - at)).items():
            connection.putheader(name, value)
        connection.endheaders()
        while at < end:
            piece = octets.read(at, min(1 << 20, end - at))
            connection.send(piece)
            at += len(piece)
        if cut:
            cut()
            connection.close()
            return None
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def send(self, draft, **fields):
        boundary = uuid.uuid4().hex
        fields = {"form": self.key, "draft": draft, **fields}
        body = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
        return self.ask("POST", "/sent/new?lang=en", (body + f"--{boundary}--\r\n").encode(), Content_Type=f"multipart/form-data; boundary={boundary}")


class Octets:
    """As many octets as are wanted, made as they are read: the same each time, and no two pieces alike."""

    def __init__(self, size):
        self.size, self.block = size, os.urandom(1 << 20)

    def read(self, at, length):
        out = bytearray()
        while length:
            piece, within = divmod(at, 1 << 20)
            block = piece.to_bytes(8, "big") + self.block[8:]
            some = block[within:within + length]
            out += some
            at, length = at + len(some), length - len(some)
        return bytes(out)

    def digest(self):
        digest = hashlib.sha256()
        for at in range(0, self.size, 1 << 20):
            digest.update(self.read(at, min(1 << 20, self.size - at)))
        return digest.hexdigest()


# spec: X-SEND
def test_an_upload_killed_twice_arrives_whole_and_memory_stays_flat(place):
    site, mailboxes = place
    there = {to: len(mailboxes.raw(to)) for to in (ONE, TWO)}
    octets, tus, draft = Octets((MIB << 20) - 12345), Tus(site, "tanaka"), str(uuid.uuid4())
    told = {"filename": "全図面.bin", "filetype": "application/octet-stream", "draft": draft}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items())
    begun = tus.ask("POST", "/uploads", Upload_Length=str(octets.size), Upload_Metadata=metadata)
    assert begun.status == 201
    path, started, peaks = begun.headers["Location"], time.monotonic(), []

    # The connection is cut: what was durable by then stays.
    tus.pour(path, octets, octets.size // 3, cut=lambda: None)
    # What was under way is taken in to its end first: the offset comes to rest.
    first = harness.wait_for("what came is kept", lambda: tus.at_rest(path), 60)
    assert octets.size // 3 - 2 * PART <= first <= octets.size // 3, first

    # The server is killed, and started again; and once more.
    def kill():
        peaks.append(site.peak_memory())
        site.stop(signal.SIGKILL)
    offsets = [first]
    for most in (octets.size // 2, 3 * octets.size // 4):
        tus.pour(path, octets, most, cut=kill)
        site.start()
        offsets.append(tus.offset(path))
        assert offsets[-2] <= offsets[-1] <= most and offsets[-1] >= most - 4 * PART, (offsets, most)
    assert tus.pour(path, octets, octets.size).status == 204
    assert tus.offset(path) == octets.size
    uploaded = time.monotonic() - started
    sent = tus.send(draft, recipients=f"{ONE} {TWO}", subject="everything", message="", lang="en")
    assert sent.status == 303, sent.status
    done = time.monotonic() - started
    one = sent.headers["Location"].split("?")[0]
    page = tus.visitor.page(one + "?lang=en")
    password = re.search('data-copy="([^"]{15,})"', page)[1]
    import html
    url = links_in(mailboxes, there)[ONE][0]
    recipient = harness.Visitor(site.base)
    recipient.opener.open(url + "/open", urllib.parse.urlencode({"password": html.unescape(password)}).encode(), timeout=60).read()
    digest, size = hashlib.sha256(), 0
    with recipient.opener.open(url + "/files/1", timeout=600) as answer:
        while piece := answer.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    peaks.append(site.peak_memory())
    assert (size, digest.hexdigest()) == (octets.size, octets.digest())
    print(json.dumps({"mib": MIB, "seconds_uploaded": round(uploaded, 1), "seconds_sent": round(done, 1), "peak_kib": peaks, "resumed_at": offsets}))
    # Whatever the file's size is: what the process needs by itself, argon2 (19 MiB) and a few parts.
    assert max(peaks) < 200 * 1024, peaks
    site.run("queue", "list")
