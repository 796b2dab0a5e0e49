"""An operator closes the exchange and opens it again, as Chromium sees it; mails wait meanwhile (spec X-OPERATOR, MAIL-DEPOSIT)."""
import datetime
import re
import smtplib
import zoneinfo

import pytest
from selenium.webdriver.common.by import By

import harness
import mails
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link

TO, FROM = "suzuki@recipient.example", "tanaka@acme.example"
NONE = {"ja": "予定はありません", "en": "None is planned"}
OPEN = {"ja": "メンテナンス中", "en": "Now"}
SET = {"ja": "メンテナンスを設定しました", "en": "The maintenance was set"}
ENDED = {"ja": "メンテナンスを終了しました", "en": "The maintenance was ended"}
LATE = {"ja": "終了の日時が過ぎています", "en": "The end has passed"}
CLOSED = {"ja": "メンテナンス中です", "en": "Closed for maintenance"}
RECEIVE = {"ja": "ファイルパスワード", "en": "File password"}


@pytest.fixture(scope="module")
def place(folder):
    own = folder / "maintenance"
    mailboxes = harness.Mailboxes(own, [TO, FROM]).start()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes
    site.stop()
    mailboxes.stop()


def send(site, subject):
    mail = mails.multipart(mails.head(subject=subject), [
        (b"Content-Type: text/plain\r\n", b"see the file"),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', b"%PDF")])
    with smtplib.SMTP("127.0.0.1", site.starttls, timeout=60) as smtp:
        smtp.starttls()
        smtp.sendmail(FROM, [TO], mail)


def enter(person, hours):
    """Fills in the end, as one would who uses the browser's own fields, and sends the form."""
    ends = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo")) + datetime.timedelta(hours=hours)
    field = person.browser.driver.find_element(By.NAME, "ends")
    person.browser.driver.execute_script("arguments[0].value = arguments[1]", field, ends.strftime("%Y-%m-%dT%H:%M"))
    return person.send("/operator/maintenance?")


# spec: X-OPERATOR MAIL-DEPOSIT X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_maintenance_begins_and_ends_while_mails_wait(place, browser, lang, size):
    site, mailboxes = place
    login = f"op-{lang}-{size[0]}"
    there = len(mailboxes.raw(TO))
    send(site, b"before")
    mailboxes.wait(TO, there + 2)
    texts = [mail.get_body(("plain",)).get_content() for mail in mailboxes.mails(TO)[there:]]
    url = re.search(rf"{site.base}/d/[\w-]+", "".join(texts))[0]
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        browser.driver.delete_all_cookies()
        choose(person, link(site.run("operator", "add", login, "--address", f"{login}@ops.example").stdout), PASSWORD)
        person.sign_in(login, PASSWORD)
        browser.follow(browser.driver.find_element(By.CSS_SELECTOR, "a[href^='/operator/maintenance']"))
        assert NONE[lang] in person.look()
        assert LATE[lang] in enter(person, -1)
        page = enter(person, 2)
        assert SET[lang] in page and OPEN[lang] in page and login in page

        # A mail comes in and waits; a link that was sent before says until when.
        send(site, b"within")
        harness.wait_for("the mail waits for the exchange", lambda: [row for row in site.queue() if "maintenance" in str(row)])
        assert CLOSED[lang] in person.open(url)
        assert len(mailboxes.raw(TO)) == there + 2

        person.open("/operator/maintenance")
        assert ENDED[lang] in person.send("/operator/maintenance/")
        mailboxes.wait(TO, there + 4)
        assert RECEIVE[lang] in person.open(url)
        person.open("/me")
        person.send("/sign-out")
