"""A sender sees who took what, keeps it longer and takes it back; an administrator does so for the default user; as Chromium sees it (spec X-CANCEL, X-LANG)."""
import datetime
import smtplib
import zoneinfo

import pytest
from selenium.webdriver.common.by import By

import harness
import mails
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link
from test_path import password_in

ONE, TWO = "suzuki@recipient.example", "sato@recipient.example"
USER, NOBODY = "tanaka@acme.example", "no-account@acme.example"
SECTION = harness.SECTION + """
[[section.user]]
login_id = "tanaka"
address = "tanaka@acme.example"
name = "田中 一郎"
group = "メール連携"
[[section.user]]
login_id = "kanri"
address = "kanri@acme.example"
administrator = true
"""
UNOPENED = {"ja": "未開封", "en": "Not opened yet"}
TOOK_ALL = {"ja": "すべてダウンロード済み", "en": "All files downloaded"}
NONE_TOOK = {"ja": "未ダウンロード", "en": "Not downloaded yet"}
GONE = {"ja": "お渡しは取りやめになりました", "en": "These files are no longer offered"}
NO_PAGE = {"ja": "このページはありません", "en": "There is no such page"}
CANCELLED = {"ja": "お預かりを取り消しました", "en": "The deposit was cancelled"}
ONE_CANCELLED = {"ja": "この宛先を取り消しました", "en": "It was cancelled for this recipient"}
EXTENDED = {"ja": "受取期限を延長しました", "en": "The files are kept longer"}
TOO_LATE = {"ja": "延長できませんでした", "en": "The date was not changed"}
DEFAULT = {"ja": "デフォルトユーザ", "en": "default user"}
NO_WAY_BACK = {"ja": "取り戻せません", "en": "cannot be taken back"}


@pytest.fixture(scope="module")
def place(folder):
    own = folder / "cancelling"
    mailboxes = harness.Mailboxes(own, [ONE, TWO, USER, NOBODY]).start()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}, SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes
    site.stop()
    mailboxes.stop()


@pytest.fixture
def recipient_browser(folder, request):
    from browser import Browser
    browser = Browser(folder / f"recipient-{abs(hash(request.node.name))}")
    yield browser
    browser.stop()


def deposit(place, sender, subject):
    """A mail to two, and what they got: their links and the file password."""
    site, mailboxes = place
    there = {to: len(mailboxes.raw(to)) for to in (ONE, TWO)}
    mail = mails.multipart(mails.head(subject=subject.encode(), sender=sender.encode(), to=f"{ONE}, {TWO}".encode()), [
        (b"Content-Type: text/plain\r\n", b"see the file"),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', b"%PDF" * 1000)])
    with smtplib.SMTP("127.0.0.1", site.starttls, timeout=60) as smtp:
        smtp.starttls()
        smtp.sendmail(sender, [ONE, TWO], mail)
    links, password = {}, None
    for to in (ONE, TWO):
        mailboxes.wait(to, there[to] + 2)
        for mail in mailboxes.mails(to)[there[to]:]:
            text = "".join(harness.bodies(mail))
            if f"{site.base}/d/" in text:
                links[to] = harness.link_in(mail)
            else:
                password = password_in(mail)
    return links, password


def open_link(person, url, password):
    person.open(url)
    person.browser.type_password(password)
    return person.look()


def sign_in(site, person, login):
    person.browser.driver.delete_all_cookies()
    choose(person, link(site.run("operator", "reset", f"acme/{login}").stdout), PASSWORD)
    return person.sign_in(f"acme/{login}", PASSWORD)


def click(person, css):
    person.browser.follow(person.browser.driver.find_element(By.CSS_SELECTOR, css))
    return person.look()


def keep_until(person, days):
    until = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo")) + datetime.timedelta(days=days)
    field = person.browser.driver.find_element(By.NAME, "until")
    # Not by the browser's own leave: what it does not let through, the server must refuse.
    person.browser.driver.execute_script("arguments[0].removeAttribute('max'); arguments[0].value = arguments[1]", field, until.strftime("%Y-%m-%d"))
    action = field.find_element(By.XPATH, "./ancestor::form").get_dom_attribute("action")
    return person.send(action)


# spec: X-CANCEL X-EXPIRY X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_sender_sees_who_took_it_and_takes_it_back(place, browser, recipient_browser, lang, size):
    site, _ = place
    subject = f"to be taken back {lang} {size[0]}"
    links, password = deposit(place, USER, subject)
    with browser.screen(*size), recipient_browser.screen(*size):
        sender, recipient = Person(browser, site, lang, size), Person(recipient_browser, site, lang, size)
        sign_in(site, sender, "tanaka")
        page = click(sender, "a[href^='/sent']:not([href*='new'])")
        assert subject in page and NONE_TOOK[lang] in page
        click(sender, "li a[href^='/sent/']")
        page = sender.browser.text()
        assert page.count(UNOPENED[lang]) == 2 and "a.pdf" in page

        # One recipient takes it; the sender sees that, and has it kept longer.
        open_link(recipient, links[ONE], password)
        recipient_browser.download(recipient_browser.links("/files/1")[0])
        one = browser.driver.current_url.split("?")[0]
        page = harness.wait_for("the download is seen", lambda: (lambda text: text if TOOK_ALL[lang] in text else None)(sender.open(one)), 10)
        assert page.count(UNOPENED[lang]) == 1 and page.count("a.pdf") == 2
        assert TOO_LATE[lang] in keep_until(sender, 60)
        assert EXTENDED[lang] in keep_until(sender, 20)

        # Taken back for the one who has it, and for whom it is not there any more; the other still gets it.
        ask = click(sender, "a[href*='/cancel/']")
        assert NO_WAY_BACK[lang] in ask and ONE in ask and TWO not in ask
        page = sender.send("/sent/")
        assert ONE_CANCELLED[lang] in page
        assert GONE[lang] in recipient.open(links[ONE])
        assert "a.pdf" not in recipient.open(links[ONE]) and subject not in recipient.browser.text()
        assert "a.pdf" in open_link(recipient, links[TWO], password)

        # Taken back whole, before the other has taken it.
        click(sender, "a[href*='/cancel']")
        page = sender.send("/sent/")
        assert CANCELLED[lang] in page
        assert GONE[lang] in recipient.open(links[TWO])
        assert not browser.driver.find_elements(By.CSS_SELECTOR, "a[href*='/cancel']")
        sender.open("/me")
        sender.send("/sign-out")


# spec: X-CANCEL MAIL-SENDER X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_what_the_default_user_sent_is_the_administrator_s_to_take_back(place, browser, lang, size):
    site, _ = place
    subject = f"by the default user {lang} {size[0]}"
    links, _ = deposit(place, NOBODY, subject)
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        sign_in(site, person, "tanaka")
        assert subject not in person.open("/sent")
        assert NO_PAGE[lang] in person.open("/section/deposits")
        person.open("/me")
        person.send("/sign-out")
        sign_in(site, person, "kanri")
        assert subject not in person.open("/sent")
        person.open("/me")
        assert subject in click(person, "a[href^='/section/deposits']")
        page = click(person, "li a[href^='/section/deposits/']")
        assert DEFAULT[lang] in page and NOBODY in page
        one = browser.driver.current_url.split("?")[0]
        click(person, "a[href*='/cancel?'], a[href$='/cancel']")
        assert CANCELLED[lang] in person.send("/section/deposits/")
        assert GONE[lang] in person.open(links[ONE])
        assert CANCELLED[lang] not in person.open(one)
        person.open("/me")
        person.send("/sign-out")
