"""The operator's screens as Chromium sees them: announcements, which everybody sees and the contacts get by mail (spec X-OPERATOR, X-LANG)."""
import datetime
import zoneinfo

import pytest
from selenium.webdriver.common.by import By

import harness
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
