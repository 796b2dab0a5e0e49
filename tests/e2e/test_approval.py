"""Deposits by mail that must be approved: approved, rejected, and left alone, as approvers see it in Chromium (spec X-APPROVAL, MAIL-NOTICE)."""
import contextlib
import hashlib
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
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link

TO, OTHER_TO = "suzuki@recipient.example", "sato@cc.example"
SENDER, NEW, APPROVERS = "tanaka@acme.example", "shinjin@acme.example", ["sato", "ito"]
USER = """
[[section.user]]
login_id = "{0}"
address = "{0}@acme.example"
name = "{0} <b>さん"
group = "メール連携"
approver = {1}
"""
SECTION = harness.SECTION.replace('domains = ["acme.example"]', 'domains = ["acme.example"]\nsettings = { approval = "one", approval_days = 3 }') + (
    USER.format("tanaka", "false") + "".join(USER.format(login, "true") for login in APPROVERS))
AFTER = {"ja": "送信元での承認後にお受け取りいただけます", "en": "once they are approved on the sender’s side"}
WAITS = {"ja": "承認待ちの依頼が", "en": "waits for your approval"}
NOTHING = {"ja": "承認待ちの依頼はありません", "en": "Nothing waits for your approval"}
APPROVED = {"ja": "承認しました", "en": "Approved. The recipients"}
REJECTED = {"ja": "却下しました。ファイルを削除し", "en": "Rejected. The files are deleted"}
DECIDED = {"ja": "すでに決まっています", "en": "This is decided already"}
NO_PAGE = {"ja": "このページはありません", "en": "There is no such page"}
REASON = "宛先の <b>担当者</b> が違います。\n<script>alert(1)</script>確認してください。"
CONTENT = b"%PDF the contract"


class Place:
    def __init__(self, folder):
        boxes = [TO, OTHER_TO, SENDER, NEW] + [f"{login}@acme.example" for login in APPROVERS]
        self.mailboxes = harness.Mailboxes(folder, boxes).start()
        self.site = harness.Fubako(folder / "fubako", {"relay": {"smarthost": f"127.0.0.1:{self.mailboxes.port}"}}, SECTION).start()
        self.site.base = f"http://127.0.0.1:{self.site.http}"
        self.visitors = {}
        for login in APPROVERS:
            visitor = harness.Visitor(self.site.base)
            path = link(self.site.run("operator", "reset", f"acme/{login}").stdout).removeprefix(self.site.base)
            visitor.send(path, password=PASSWORD, again=PASSWORD)
            visitor.send("/sign-in", name=f"acme/{login}", password=PASSWORD)
            self.visitors[login] = visitor

    def stop(self):
        self.site.stop()
        self.mailboxes.stop()

    def read(self, sql, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.site.data}/fubako.db?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(sql, values).fetchall()

    def late(self, deposit):
        with contextlib.closing(sqlite3.connect(self.site.data / "fubako.db", timeout=30)) as database, database:
            assert database.execute("UPDATE deposits SET decide_by = 1 WHERE id = ? AND state = 'waiting'", (deposit,)).rowcount == 1

    def noticed(self, address, subject):
        """The deposit notices of this subject."""
        return [mail for mail in self.mailboxes.mails(address) if mail["subject"] == f"[Fubako] {subject}"]

    def count(self, address):
        return len(self.mailboxes.raw(address))

    def submit(self, subject, sender=SENDER, to=(TO, OTHER_TO)):
        """A mail with a file; gives its deposit, once its approvers have been asked and its recipients have it."""
        there = {address: self.count(address) for address in (*to, "sato@acme.example", "ito@acme.example")}
        mail = mails.multipart(mails.head(subject=mails.encoded(subject), sender=sender.encode(), to=", ".join(to).encode()), [
            (b"Content-Type: text/plain; charset=UTF-8\r\n", "契約書をお送りします。".encode()),
            mails.attachment(b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=UTF-8''%3Cb%3E%E5%A5%91%E7%B4%84.pdf\r\n", CONTENT)])
        with smtplib.SMTP("127.0.0.1", self.site.starttls, timeout=60) as smtp:
            smtp.starttls()
            smtp.sendmail(sender, list(to), mail)
        asked = [login for login in APPROVERS if f"{login}@acme.example" != sender]
        for address in (*to, *(f"{login}@acme.example" for login in asked)):
            self.mailboxes.wait(address, there[address] + 1)
        [[deposit]] = self.read("SELECT id FROM deposits WHERE subject = ? AND state = 'waiting'", subject)
        return deposit, {address: self.mailboxes.mails(address)[count:] for address, count in there.items()}


@pytest.fixture(scope="module")
def place(folder):
    place = Place(folder / "approval")
    yield place
    place.stop()


def plain(mail):
    return mail.get_body(("plain",)).get_content()


def relayed(mail):
    """The mail as its recipient has it: the text for approval in it, and the password."""
    text = plain(mail)
    assert AFTER["ja"] in text and AFTER["en"] not in text and "契約書をお送りします。" in text, text
    return re.search(r"ファイルパスワード\n\n(\S{15})\n", text.replace("\r\n", "\n"))[1]


# spec: X-APPROVAL MAIL-NOTICE X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_mail_s_files_come_once_an_approver_agrees(place, browser, lang, size):
    subject = f"契約書 {lang} {size[0]} <u>"
    deposit, come = place.submit(subject)
    assert len(come[TO]) == len(come[OTHER_TO]) == 1 and place.noticed(TO, subject) == [], "a deposit notice came before the approval"
    password = relayed(come[TO][0])
    for login in APPROVERS:
        [asked] = come[f"{login}@acme.example"]
        assert asked["subject"] == f"【承認依頼】{subject}" and asked["dkim-signature"]
        text = plain(asked)
        for said in (SENDER, TO, OTHER_TO, "<b>契約.pdf", f"{place.site.base}/approvals/{deposit}", "承認期限", "Decide"):
            assert said in text, text
        assert "<b>契約" not in asked.get_body(("html",)).get_content()
    url = re.search(rf"{place.site.base}/approvals/\S+", plain(come["sato@acme.example"][0]))[0]

    # A program that opens every link of the mail decides nothing.
    urllib.request.urlopen(url, timeout=30).close()
    place.visitors["ito"].page(f"/approvals/{deposit}")
    for action in ("approve", "reject"):
        place.visitors["ito"].page(f"/approvals/{deposit}/{action}")
    assert place.read("SELECT state FROM deposits WHERE id = ?", deposit) == [("waiting",)]

    with browser.screen(*size):
        person = Person(browser, place.site, lang, size)
        browser.driver.delete_all_cookies()
        # One click in the mail; whoever is not signed in does so, and is there.
        person.open(url)
        page = person.send("/sign-in", name="acme/sato", password=PASSWORD)
        assert browser.driver.current_url.split("?")[0] == url
        assert subject in page and "<b>契約.pdf" in page and TO in page and OTHER_TO in page and SENDER in page
        assert hashlib.sha256(CONTENT).hexdigest()[:8] in page
        [file] = browser.links(f"/approvals/{deposit}/files/1")
        assert browser.download(file)[1] == hashlib.sha256(CONTENT).hexdigest()
        assert WAITS[lang] in person.open("/me")
        assert subject in person.open("/approvals")
        person.open(url)
        # The second click.
        page = person.send(f"/approvals/{deposit}/approve")
        assert APPROVED[lang] in page and subject in page and NOTHING[lang] in page
        assert browser.driver.find_elements(By.CSS_SELECTOR, "form[action*='/approve']") == []

        # Both recipients have their links, and the password opens the file.
        for address in (TO, OTHER_TO):
            harness.wait_for("the deposit notice", lambda: place.noticed(address, subject))
        notice = place.noticed(TO, subject)[0]
        person.open(re.search(rf"{place.site.base}/d/[\w-]+", plain(notice))[0])
        browser.type_password(password)
        [file] = browser.links("/files/1")
        assert browser.download(file)[1] == hashlib.sha256(CONTENT).hexdigest()
        person.open("/me")
        person.send("/sign-out")


# spec: X-APPROVAL NOTICE X-LANG KEEP-DELETE
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_what_is_rejected_is_deleted_and_its_sender_hears_why(place, browser, lang, size):
    subject = f"見積書 {lang} {size[0]}"
    told = place.count(SENDER)
    deposit, come = place.submit(subject)
    relayed(come[TO][0])
    [[kept]] = place.read("SELECT object_id FROM files WHERE deposit = ?", deposit)
    with browser.screen(*size):
        person = Person(browser, place.site, lang, size)
        browser.driver.delete_all_cookies()
        person.open(f"/approvals/{deposit}")
        person.send("/sign-in", name="ito@acme.example", password=PASSWORD)
        page = person.send(f"/approvals/{deposit}/reject", reason=REASON)
        assert REJECTED[lang] in page and subject in page
        page = person.open(f"/approvals/{deposit}")
        assert "<b>担当者</b>" in page and "ito <b>さん" in page
        person.open("/me")
        person.send("/sign-out")
    notice = place.mailboxes.wait(SENDER, told + 1)[told]
    assert notice["return-path"] == "<>" and notice["auto-submitted"] == "auto-replied" and notice["content-language"] == "ja, en"
    assert notice["subject"] == f"【承認されませんでした】{subject}" and notice["dkim-signature"]
    # In the thread of the mail, whose Message-ID its recipients have too.
    assert notice["in-reply-to"] == notice["references"] == come[TO][0]["message-id"]
    assert [to.addr_spec for to in notice["to"].addresses] == [SENDER] and not notice["cc"]
    text, page = harness.bodies(notice)
    for said in ("<b>担当者</b>", "<script>alert(1)</script>確認", "(approval-rejected)", deposit, TO, "<b>契約.pdf", "ito <b>さん"):
        assert said in text, (said, text)
    assert "<b>" not in page and "<script" not in page and "&lt;b&gt;担当者&lt;/b&gt;" in page
    codes = (harness.ROOT / "docs/codes.md").read_text()
    for words in re.search(r"^## `approval-rejected`\n\n.+\n\n- (.+)  \n  → (.+)\n- (.+)  \n  → (.+)$", codes, re.M).groups():
        assert words in text, words
    # The key is gone with the row, and soon the octets; the recipients heard nothing more.
    assert place.read("SELECT object_key FROM files WHERE deposit = ?", deposit) == [(None,)]
    harness.wait_for("the octets are deleted", lambda: not list((place.site.data / "files").glob("*/" + kept.replace("-", ""))), 120)
    assert place.noticed(TO, subject) == []


# spec: X-APPROVAL NOTICE
def test_what_nobody_answers_is_rejected_by_the_clock(place):
    subject, told = "誰も答えない", place.count(SENDER)
    deposit, _ = place.submit(subject)
    place.late(deposit)
    for login in APPROVERS:
        with pytest.raises(urllib.error.HTTPError) as answer:
            place.visitors[login].send(f"/approvals/{deposit}/approve")
        assert answer.value.code == 409
    notice = place.mailboxes.wait(SENDER, told + 1, 180)[told]
    text, page = harness.bodies(notice)
    for said in ("期限までに、どの承認者も承認しませんでした。", "No approver agreed in time.", "(approval-rejected)", deposit):
        assert said in text and said in page, said
    assert place.read("SELECT state, decided_by FROM deposits WHERE id = ?", deposit) == [("rejected", None)]
    assert place.read("SELECT object_key FROM files WHERE deposit = ?", deposit) == [(None,)]
    assert place.noticed(TO, subject) == []


# spec: X-APPROVAL
@pytest.mark.parametrize("sender", ["sato@acme.example", NEW])
def test_nobody_approves_their_own(place, sender):
    """An approver's mail is the other's to approve, and that of one without an account anybody's but the default user's."""
    deposit, come = place.submit(f"自分の {sender}", sender=sender)
    asked = {"ito@acme.example"} if sender != NEW else {"sato@acme.example", "ito@acme.example"}
    assert {address for address in come if address.endswith("acme.example") and len(come[address]) > (address == sender)} >= asked
    if sender != NEW:
        assert come["sato@acme.example"] == [], "who sent it is asked"
        for path in ("", "/files/1", "/all.zip"):
            with pytest.raises(urllib.error.HTTPError) as answer:
                place.visitors["sato"].page(f"/approvals/{deposit}{path}")
            assert answer.value.code == 404
        with pytest.raises(urllib.error.HTTPError) as answer:
            place.visitors["sato"].send(f"/approvals/{deposit}/approve")
        assert answer.value.code == 404
        assert deposit not in place.visitors["sato"].page("/approvals")
    assert place.read("SELECT state FROM deposits WHERE id = ?", deposit) == [("waiting",)]
    before = place.count(TO)
    place.visitors["ito"].send(f"/approvals/{deposit}/approve")
    place.mailboxes.wait(TO, before + 1)
    assert place.read("SELECT state, decided_by FROM deposits WHERE id = ?", deposit) == [("sent", "ito")]


# spec: X-APPROVAL X-LANG
@pytest.mark.parametrize("lang", LANGS)
def test_of_two_approvers_the_second_hears_that_it_is_decided(place, browser, lang):
    size = (390, 844)
    deposit, _ = place.submit(f"二人で {lang}")
    with browser.screen(*size):
        person = Person(browser, place.site, lang, size)
        browser.driver.delete_all_cookies()
        person.open(f"/approvals/{deposit}")
        person.send("/sign-in", name="acme/sato", password=PASSWORD)
        # Both have the page before them.
        place.visitors["ito"].send(f"/approvals/{deposit}/reject", reason="先に")
        page = person.send(f"/approvals/{deposit}/approve")
        assert DECIDED[lang] in page and "先に" in page and "ito <b>さん" in page
        assert browser.driver.find_elements(By.CSS_SELECTOR, "form[action*='/approvals/']") == []
        assert NO_PAGE[lang] in person.open("/approvals/0197f0a0-0000-7000-8000-000000000000")
        person.open("/me")
        person.send("/sign-out")
    assert place.read("SELECT state, decided_by FROM deposits WHERE id = ?", deposit) == [("rejected", "ito")]


# spec: X-APPROVAL RUN-SETUP
def test_apply_and_check_say_where_nobody_approves(place, tmp_path):
    lines = place.site.run("check", "--section", "acme", check=False).stdout
    assert "承認者がいます" in lines or "there are approvers" in lines, lines
    alone = tmp_path / "alone.toml"
    alone.write_text(SECTION.replace('id = "acme"', 'id = "bcme"').replace("acme.example", "bcme.example").replace("approver = true", "approver = false"))
    said = place.site.run("apply", "--dry-run", alone)
    assert "(approval-misconfigured)" in said.stdout + said.stderr
