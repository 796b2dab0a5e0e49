"""The operator's screens as Chromium sees them: announcements, which everybody sees and the contacts get by mail; the mail queue; health (spec X-OPERATOR, X-LANG)."""
import datetime
import smtplib
import subprocess
import zoneinfo

import pytest
from selenium.webdriver.common.by import By

import harness
import mails
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link
from test_cancelling import click

KANRI, STAFF, TO = "kanri@acme.example", "tanaka@acme.example", "suzuki@recipient.example"
SECTION = harness.SECTION + f"""
[[section.user]]
login_id = "kanri"
address = "{KANRI}"
administrator = true
[[section.user]]
login_id = "tanaka"
address = "{STAFF}"
group = "メール連携"
"""
NONE = {"ja": "お知らせはありません", "en": "There are no announcements"}
SHOWN = {"ja": "掲載中", "en": "Shown now"}
MADE = {"ja": "お知らせを保存しました", "en": "The announcement was saved"}
CHANGED = {"ja": "お知らせを変更しました", "en": "The announcement was changed"}
WITHDRAWN = {"ja": "お知らせを取り下げました", "en": "The announcement was withdrawn"}
LATE = {"ja": "終了の日時が過ぎています", "en": "The end has passed"}
STALE = {"ja": "ほかの運営者がこのお知らせを変更しました", "en": "Another operator has changed this announcement"}
NO_PAGE = {"ja": "このページはありません", "en": "There is no such page"}
MAILED = {"ja": "メール 1件送信", "en": "1 mail sent"}
WORDS = {"ja": ("設備の入れ替え <b>", "日曜日に作業します。\n\nその間は、ファイルをお受け取りいただけません。"),
         "en": ("New machines <b>", "We work on Sunday.\n\nNo files can be fetched meanwhile.")}


@pytest.fixture(scope="module")
def place(folder):
    own = folder / "operator-screens"
    mailboxes = harness.Mailboxes(own, [KANRI, STAFF, TO]).start()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}, SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes
    site.stop()
    mailboxes.stop()


def operator(person, site, login):
    person.browser.driver.delete_all_cookies()
    choose(person, link(site.run("operator", "add", login, "--address", f"{login}@ops.example").stdout), PASSWORD)
    return person.sign_in(login, PASSWORD)


def member(person, site, login):
    person.browser.driver.delete_all_cookies()
    choose(person, link(site.run("operator", "reset", f"acme/{login}").stdout), PASSWORD)
    return person.sign_in(f"acme/{login}", PASSWORD)


def ends(person, hours):
    """Fills in the end, as one would who uses the browser's own fields."""
    at = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo")) + datetime.timedelta(hours=hours)
    field = person.browser.driver.find_element(By.NAME, "ends")
    person.browser.driver.execute_script("arguments[0].value = arguments[1]", field, at.strftime("%Y-%m-%dT%H:%M"))


def words(subject=""):
    return {f"{lang}_{part}": text + (subject if part == "subject" else "")
            for lang, both in WORDS.items() for part, text in zip(("subject", "text"), both)}


def announced(person):
    """What the page announces: its subjects, and their texts when opened by keyboard."""
    driver = person.browser.driver
    found = driver.find_elements(By.CSS_SELECTOR, "aside.announced .announcement")
    texts = []
    for one in found:
        summary = one.find_element(By.CSS_SELECTOR, "summary")
        assert not one.find_element(By.CSS_SELECTOR, ".told").is_displayed(), "a long text is in nobody's way"
        summary.send_keys("\n")
        assert one.find_element(By.CSS_SELECTOR, ".told").is_displayed()
        assert person.browser.axe() == [] and person.browser.sideways() == (person.size[0], 0)
        texts.append((summary.text, one.find_element(By.CSS_SELECTOR, ".told").text))
    return texts


# spec: X-OPERATOR X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_an_announcement_is_made_seen_by_everybody_mailed_once_changed_and_withdrawn(place, browser, lang, size):
    site, mailboxes = place
    login, mark = f"op-{lang}-{size[0]}", f" {lang}{size[0]}"
    there = len(mailboxes.raw(KANRI))
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        operator(person, site, login)
        assert "/operator/announcements" in "".join(a.get_attribute("href") for a in browser.links("/operator/"))
        page = click(person, "a[href^='/operator/announcements']")
        assert NONE[lang] in page or size != SIZES[0] or lang != LANGS[0]
        click(person, "a[href^='/operator/announcements/new']")
        browser.driver.find_element(By.NAME, "mailed").click()
        ends(person, -1)
        assert LATE[lang] in person.send("/operator/announcements/new", **words(mark))
        assert browser.driver.find_element(By.NAME, "mailed").is_selected(), "what was entered stays"
        ends(person, 2)
        page = person.send("/operator/announcements/new")
        assert MADE[lang] in page and SHOWN[lang] in page and login in page
        subject, text = WORDS[lang]
        assert announced(person) == [(subject + mark, text)]

        # Everybody sees it: where one signs in, on users' pages, and below the files of a link.
        # The form is opened before, and sent after somebody else's change.
        click(person, ".rows a[href*='/operator/announcements/']")
        form = browser.driver.current_url
        key, seen = (browser.driver.find_element(By.NAME, name).get_attribute("value") for name in ("form", "seen"))
        cookies = browser.driver.get_cookies()
        browser.driver.delete_all_cookies()
        person.open("/sign-in")
        assert announced(person) == [(subject + mark, text)]
        member(person, site, "tanaka")
        assert announced(person) == [(subject + mark, text)]
        assert NO_PAGE[lang] in person.open("/operator/announcements") and NO_PAGE[lang] in person.open("/operator/announcements/new")

        # The section's administrator has it by mail, once; nobody else has.
        mail = mailboxes.wait(KANRI, there + 1, 60)[there]
        assert mark in mail["subject"] and WORDS["ja"][0] in mail["subject"] and WORDS["en"][1] in mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
        assert mailboxes.raw(STAFF) == []

        # Changed by another operator; the first one's page undoes nothing.
        operator(person, site, f"{login}-2")
        person.open("/operator/announcements")
        assert MAILED[lang] in person.browser.text()
        click(person, ".rows a[href*='/operator/announcements/']")
        assert CHANGED[lang] in person.send("/operator/announcements/", **{f"{lang}_subject": "2" + mark})
        assert announced(person) == [("2" + mark, text)]
        browser.driver.delete_all_cookies()
        for cookie in cookies:
            browser.driver.add_cookie(cookie)
        browser.open(form)
        for name, value in (("form", key), ("seen", seen)):
            browser.driver.execute_script(
                "document.querySelectorAll(`[name=${arguments[0]}]`).forEach(f => f.value = arguments[1])", name, value)
        assert STALE[lang] in person.send("/operator/announcements/", **{f"{lang}_subject": "3" + mark})
        person.open("/operator/announcements")
        assert announced(person) == [("2" + mark, text)]
        click(person, ".rows a[href*='/operator/announcements/']")
        assert WITHDRAWN[lang] in click(person, "form[action*='/withdraw'] button")
        assert announced(person) == []
        person.open("/sign-in")
        assert announced(person) == []
        events = person.open("/audit")
        assert login in events and mark in browser.driver.page_source
        person.open("/me")
        person.send("/sign-out")
    assert len(mailboxes.raw(KANRI)) == there + 1, "a change is not mailed again"


KINDS = {"ja": "お客様のメールの配送", "en": "Delivery of a customer’s mail"}
AWAY = {"ja": "配送先のサーバに接続できません", "en": "The next server cannot be connected to"}
HELD = {"ja": "保留しています", "en": "so it is held"}
RETRIED = {"ja": "いま再試行しています", "en": "It is tried now"}
STOPPED = {"ja": "停止しました", "en": "It was stopped"}
GONE = {"ja": "もう待っていないか", "en": "It does not wait any more"}
EMPTY = {"ja": "待っているメールはありません", "en": "No mail waits"}
SUBJECT, PDF = b"a subject that no operator sees", b"%PDF a content that no operator sees"


@pytest.fixture(scope="module")
def stuck(folder):
    """Mails wait: the next hop is down."""
    own = folder / "operator-queue"
    own.mkdir(parents=True)
    port = harness.free_port()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{port}"}}, SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site
    site.stop()


def send(site, mail):
    with smtplib.SMTP("127.0.0.1", site.starttls, timeout=60) as smtp:
        smtp.starttls()
        smtp.sendmail(STAFF, [TO], mail)


def rows(site, stage, count):
    return harness.wait_for(f"{count} of {stage}", lambda: [found for found in [
        [row for row in site.queue() if row["stage"] == stage and (row["reason"] or stage == "held")]] if len(found) >= count])[0]


# spec: X-OPERATOR X-AUDIT X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_the_queue_is_looked_at_tried_and_stopped(stuck, browser, lang, size):
    site = stuck
    login = f"q-{lang}-{size[0]}"
    send(site, mails.head(subject=SUBJECT) + b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\njust words\r\n")
    send(site, mails.multipart(mails.head(subject=SUBJECT), [
        (b"Content-Type: text/plain\r\n", b"see the file"),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', PDF)]))
    # Two readers could disagree about this one.
    send(site, mails.head(subject=SUBJECT) + b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\nodd\r\n")
    relays = rows(site, "relay", 2)
    [held] = rows(site, "held", 1)
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        operator(person, site, login)
        page = click(person, "a[href^='/operator/queue']")
        assert KINDS[lang] in page and AWAY[lang] in page and HELD[lang] in page and TO in page
        assert "no operator sees" not in browser.driver.page_source

        # Narrowed by state; the held one is looked at, tried, and held again.
        driver = browser.driver
        driver.find_element(By.CSS_SELECTOR, "select[name=state] option[value=held]").click()
        page = click(person, "form[role=search] button")
        assert HELD[lang] in page and AWAY[lang] not in page
        page = click(person, f".rows a[href*='{held['id']}']")
        assert "ambiguous" in page and held["id"] in page and "no operator sees" not in driver.page_source
        click(person, "a[href*='/retry']")
        assert RETRIED[lang] in click(person, "form[action*='/retry'] button")
        harness.wait_for("it is held again", lambda: [r for r in site.queue() if r["id"] == held["id"] and r["stage"] == "held"])
        page = person.open(f"/operator/queue/{held['id']}")
        assert login in page, "what was done by hand is in its history"
        click(person, "a[href*='/stop']")
        assert STOPPED[lang] in click(person, "form[action*='/stop'] button")
        assert held["id"] not in [row["id"] for row in site.queue()]
        assert GONE[lang] in person.open(f"/operator/queue/{held['id']}/stop")

        # A delivery is tried while the next hop is down, and stopped; a page that is late does nothing.
        one = relays[0]
        page = person.open(f"/operator/queue/{one['id']}")
        assert AWAY[lang] in page and "4.4.1" in page
        click(person, "a[href*='/retry']")
        click(person, "form[action*='/retry'] button")
        more = harness.wait_for("it was tried again", lambda: [r for r in site.queue() if r["id"] == one["id"] and r["attempts"] > one["attempts"]])
        assert more[0]["reason"].startswith("451 4.4.1")
        person.open(f"/operator/queue/{one['id']}/stop")
        site.run("queue", "stop", one["id"])
        page = click(person, "form[action*='/stop'] button")
        assert GONE[lang] in page
        for row in relays[1:]:
            person.open(f"/operator/queue/{row['id']}/stop")
            assert STOPPED[lang] in click(person, "form[action*='/stop'] button")

        # What was done by hand is recorded as the command's is.
        page = person.open("/audit")
        driver.find_element(By.CSS_SELECTOR, "select[name=section] option[value=acme]").click()
        driver.find_element(By.CSS_SELECTOR, "select[name=event] option[value=mail-stopped]").click()
        page = click(person, "form[role=search] button, form button[type=submit]")
        assert login in page and held["id"] in page and one["id"] in page
        for row in site.queue():
            site.run("queue", "stop", row["id"], check=False)
        person.open("/operator/queue")
        harness.wait_for("the queue is empty", lambda: site.queue() == [])
        assert EMPTY[lang] in person.open("/operator/queue")
        person.open("/me")
        person.send("/sign-out")
        member(person, site, "kanri")
        for path in ("/operator/queue", f"/operator/queue/{one['id']}", f"/operator/queue/{one['id']}/stop"):
            assert NO_PAGE[lang] in person.open(path)


WELL = {"ja": "すべて正常です", "en": "All is well"}
UNSCANNED = {"ja": "ファイルは検査されていません", "en": "Files are not scanned"}
SET_UP = {"ja": "clamdを用意し", "en": "Please set a clamd up"}
OWN = {"ja": "最初の起動時に自動で作成したものです", "en": "It was made here, at the first start"}
ANSWERS = {"ja": "応答し、検査用のファイルを正しく見つけています", "en": "It answers, and finds the test files as it must"}
SILENT = {"ja": "添付ファイルのあるメールは待っています", "en": "Mails with attachments wait"}
BACK = {"ja": "再試行を待つ配送が 1件あります", "en": "One delivery waits to be tried again"}
# Whether there is enough of it or not: that is up to the machine the tests run on.
FREE = {"ja": "(全体 ", "en": " free of "}


# spec: X-OPERATOR X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_health_says_what_is_not_right_and_what_to_do(stuck, browser, lang, size):
    site = stuck
    send(site, mails.head(subject=SUBJECT) + b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\njust words\r\n")
    [waits] = rows(site, "relay", 1)
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        operator(person, site, f"h-{lang}-{size[0]}")
        page = click(person, "a[href^='/operator/health']")
        for words in (UNSCANNED, SET_UP, OWN, BACK, FREE):
            assert words[lang] in page, words
        assert WELL[lang] not in page and TO not in page and str(site.folder) not in browser.driver.page_source
        version = subprocess.run([harness.BINARY, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
        assert version in page
        assert KINDS[lang] in click(person, ".ways a[href^='/operator/queue']")
        site.run("queue", "stop", waits["id"])
        assert BACK[lang] not in person.open("/operator/health")
        person.open("/me")
        person.send("/sign-out")
        member(person, site, "kanri")
        assert not browser.links("/operator/")
        assert NO_PAGE[lang] in person.open("/operator/health")


# spec: X-OPERATOR
def test_health_asks_the_scanner_itself(folder, browser):
    own = folder / "operator-health"
    clamd = harness.Clamd(own / "clamd").start()
    site = harness.Fubako(own / "fubako", {"scanner": {"clamd": f"unix:{clamd.socket}"}}, SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    try:
        with browser.screen(*SIZES[0]):
            person = Person(browser, site, "en", SIZES[0])
            operator(person, site, "root")
            page = person.open("/operator/health")
            assert ANSWERS["en"] in page and "Virus signatures" in page and SILENT["en"] not in page
            clamd.stop()
            page = person.open("/operator/health")
            assert SILENT["en"] in page and "Please see whether clamd runs" in page and str(clamd.socket) not in page
            clamd.start()
            harness.wait_for("it is seen to be back", lambda: ANSWERS["en"] in person.open("/operator/health"), 60)
    finally:
        site.stop()
        clamd.stop()
