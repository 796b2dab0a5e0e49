"""A section's administrator sets its policies on screens, and mail through the gateway obeys them; as Chromium sees it (spec X-ADMIN, MAIL-NOTICE, X-LANG)."""
import contextlib
import html
import json
import re
import smtplib
import sqlite3

import pytest
from selenium.webdriver.common.by import By

import harness
import mails
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link
from test_cancelling import click

SENDER, RECIPIENT = "tanaka@acme.example", "suzuki@recipient.example"
NAMED = 'domains = ["acme.example"]\nsettings = { max_recipients = 40 }'
SECTION = harness.SECTION.replace('domains = ["acme.example"]', NAMED) + """
[[section.user]]
login_id = "kanri"
address = "kanri@acme.example"
administrator = true
[[section.user]]
login_id = "hanako"
address = "hanako@acme.example"
"""
WORDING = {"ja": "お問い合わせは <総務部> まで。\n電話 03-0000-0000", "en": "Questions: <General Affairs>\nphone 03-0000-0000"}
BODY = {"ja": "見積書をお送りします。", "en": "Please find our quotation attached."}
SAVED = {"ja": "保存しました", "en": "Saved."}
WRONG = {"ja": "保存できませんでした", "en": "This could not be saved"}
NUMBER = {"ja": "1〜1000の整数で入力してください", "en": "whole number from 1 to 1000"}
STALE = {"ja": "いまの設定は「1件」、入力は「7件」です", "en": "it is now “1”; you entered “7”"}
SHUT_OUT = {"ja": "ご自身が画面を利用できなくなります", "en": "You could not use the screens any more"}
UNSAVED = {"ja": "まだ保存していません", "en": "Nothing was saved yet"}
NO_PAGE = {"ja": "このページはありません", "en": "There is no such page"}
CONTRACT = {"ja": "運営者が設定する項目", "en": "Set by the operator"}
NOBODY = {"ja": "承認できる人がいません", "en": "Nobody can approve"}


@pytest.fixture
def place(folder, request):
    own = folder / f"settings-{abs(hash(request.node.name))}"
    mailboxes = harness.Mailboxes(own, [SENDER, RECIPIENT]).start()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}, SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes
    site.stop()
    mailboxes.stop()


@pytest.fixture
def other_browser(folder, request):
    from browser import Browser
    browser = Browser(folder / f"settings-other-{abs(hash(request.node.name))}")
    yield browser
    browser.stop()


def submit(site, subject, files, body, sender=SENDER):
    attached = [mails.attachment(f'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="{name}"\r\n'.encode(), b"%PDF " + name.encode()) for name in files]
    page = f"<html><body><p>{body}</p></body></html>"
    both = mails.multipart(b"", [(b"Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n", body.encode()),
                                 (b"Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n", page.encode())], kind=b"alternative", boundary=b"inner").removeprefix(b"MIME-Version: 1.0\r\n")
    kind, _, inner = both.partition(b"\r\n\r\n")
    mail = mails.multipart(mails.head(subject=subject.encode(), sender=sender.encode(), to=RECIPIENT.encode()), [(kind + b"\r\n", inner), *attached])
    with smtplib.SMTP("127.0.0.1", site.starttls, timeout=60) as smtp:
        smtp.starttls()
        smtp.sendmail(sender, [RECIPIENT], mail)


def fill(person, name, value):
    field = person.browser.driver.find_element(By.NAME, name)
    if field.tag_name == "select":
        field.find_element(By.CSS_SELECTOR, f"option[value='{value}']").click()
    else:
        field.clear()
        field.send_keys(value)


SAVE, PREVIEW = "button.main-action", "button[name=preview]"


def signed_in(person, site):
    choose(person, link(site.run("operator", "reset", "acme/kanri").stdout), PASSWORD)
    person.sign_in("acme/kanri", PASSWORD)
    return person


def notice(mail):
    """The notice within a relayed mail: its text, and its HTML."""
    text, marks = (part.replace("\r\n", "\n") for part in harness.bodies(mail))
    rule = re.search(r"^(━{30}|-{60})$", text, re.M)[0]
    return text.split(rule)[1], marks[marks.index('<div dir="ltr"'):]


# spec: X-ADMIN MAIL-NOTICE X-AUDIT X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_an_administrator_sets_policies_and_mail_obeys(place, browser, other_browser, lang, size):
    site, mailboxes = place
    with browser.screen(*size), other_browser.screen(*size):
        kanri = signed_in(Person(browser, site, lang, size), site)
        page = click(kanri, "a[href^='/section/settings']")
        assert CONTRACT[lang] in page and "acme.example" in page and "SPF" in page
        for part in ("recipients", "approval", "people", "notice", "files"):
            kanri.open("/section/settings")
            click(kanri, f"a[href^='/section/settings/{part}']")

        # Wrong first: it stands beside the field, and nothing that was typed is lost.
        fill(kanri, "max_files", "none")
        fill(kanri, "forbidden_names", "*.exe\n*.scr")
        page = click(kanri, SAVE)
        assert WRONG[lang] in page and NUMBER[lang] in page
        driver = browser.driver
        assert driver.find_element(By.NAME, "forbidden_names").get_property("value") == "*.exe\n*.scr"
        field = driver.find_element(By.NAME, "max_files")
        assert field.get_attribute("aria-invalid") == "true" and "max_files-wrong" in field.get_attribute("aria-describedby")
        fill(kanri, "max_files", "1")

        # Another page was open all the while.
        late = Person(other_browser, site, lang, size)
        late.open("/me")
        for cookie in driver.get_cookies():
            other_browser.driver.add_cookie({key: cookie[key] for key in ("name", "value", "path")})
        late.open("/section/settings/files")
        page = click(kanri, SAVE)
        assert SAVED[lang] in page and "*.scr" in page
        fill(late, "max_files", "7")
        page = click(late, SAVE)
        assert WRONG[lang] in page and STALE[lang] in page
        assert other_browser.driver.find_element(By.NAME, "max_files").get_property("value") == "7"

        # The gateway obeys.
        submit(site, "two files", ["a.pdf", "b.pdf"], BODY[lang])
        assert "(too-many-files)" in harness.bodies(mailboxes.wait(SENDER, 1)[0])[0]
        submit(site, "one program", ["a.exe"], BODY[lang])
        assert "(name-forbidden)" in harness.bodies(mailboxes.wait(SENDER, 2)[1])[0]

        # The notice is looked at, saved, and stands in the mail as it was shown.
        kanri.open("/section/settings/notice")
        fill(kanri, "notice_wording", WORDING[lang])
        fill(kanri, "notice_position", "top")
        page = click(kanri, PREVIEW)
        assert UNSAVED[lang] in page and page.count(WORDING[lang].split("\n")[0]) >= 2, "as text, for mails in either language"
        texts = [pre.text for pre in driver.find_elements(By.CSS_SELECTOR, "pre.mail")]
        htmls = driver.execute_script("return [...document.querySelectorAll('div.mail')].map(mail => mail.shadowRoot.querySelector('div').outerHTML)")
        shown = driver.execute_script("return [...document.querySelectorAll('div.mail')].map(mail => getComputedStyle(mail.shadowRoot.querySelector('div')).borderLeftWidth)")
        assert len(texts) == len(htmls) == 2 and shown == ["4px", "4px"], "with its looks, which the page's policy lets in"
        assert WORDING[lang].split("\n")[0] not in saved(site, kanri)
        page = click(kanri, SAVE)
        assert SAVED[lang] in page and WORDING[lang].split("\n")[1] in page and WORDING[lang].split("\n")[0] in saved(site, kanri)
        submit(site, "one file", ["a.pdf"], BODY[lang])
        [relayed] = [mail for mail in mailboxes.wait(RECIPIENT, 2) if "/d/" not in harness.bodies(mail)[0]]
        text, marks = notice(relayed)
        assert text.startswith("\n" + WORDING[lang] + "\n")
        number = LANGS.index(lang)
        assert same(text, texts[number].split("━" * 30 if lang == "ja" else "-" * 60)[1]), (text, texts[number])
        assert shape(marks) == shape(htmls[number]), "the same marks and looks, in the same order"
        assert BODY[lang] in harness.bodies(relayed)[0].split("━" * 30 if lang == "ja" else "-" * 60)[2], "above the body"

        # Nobody shuts themselves out; and where nobody could approve, it is said.
        kanri.open("/section/settings/people")
        fill(kanri, "screen_networks", "192.0.2.0/24")
        assert SHUT_OUT[lang] in click(kanri, SAVE)
        assert kanri.is_in()
        kanri.open("/section/settings/approval")
        fill(kanri, "approval", "one")
        assert NOBODY[lang] in click(kanri, SAVE)

        # One line a save, with what was and what is.
        kanri.open("/audit")
        page = driver.execute_script("return document.body.textContent")
        assert "max_files: 20 → 1" in page and "approval: none → one" in page and "max_recipients" not in page

    # What the operator's file names is set again, and what it does not name stays.
    assert site.run("apply", site.declaration).stdout.startswith("Nothing to change.")
    site.declaration.write_text(SECTION.replace("max_recipients = 40", "max_recipients = 40, max_files = 5"))
    for more in (["--dry-run"], []):
        said = site.run("apply", site.declaration, *more).stdout
        assert "- max_files: 1" in said and "+ max_files: 5" in said and "wording" not in said, said
    assert site.run("apply", site.declaration).stdout.startswith("Nothing to change.")


def saved(site, person):
    """The words that stand in the policies as they are saved."""
    page = harness.Visitor(site.base)
    cookies = [f"{cookie['name']}={cookie['value']}" for cookie in person.browser.driver.get_cookies()]
    # All of them in one field: of several only the first would be sent.
    page.opener.addheaders.append(("Cookie", "; ".join(cookies)))
    text = html.unescape(page.page("/section/settings"))
    assert "/section/settings/notice" in text, "who is signed in sees the policies"
    return text


def same(one, other):
    """Whether two notices have the same lines, but for what is each mail's own: names, subject, times, the password."""
    def known(text):
        lines = [line.strip() for line in text.strip().splitlines() if line.strip() and not line.strip().startswith("- ")]
        lines = ["(password)" if re.fullmatch(r"[!-~]{15}", line) else re.sub(r"^([^「“]{1,40}): .*", r"\1: …", line) for line in lines]
        return [re.sub(r"\d+|\[[^\]]+\][^」”]*|attachments?|files?", "…", line) for line in lines]
    return known(one) == known(other)


def shape(piece):
    """The marks of a piece of HTML with their looks; lists as long as one entry."""
    marks = re.findall(r"</?(?:div|p|b|ul|li)\b[^>]*>", piece.split("</div>")[0])
    plain = [re.sub(r"&quot;|\"|'|\s", "", mark) for mark in marks]
    return [mark for at, mark in enumerate(plain) if mark not in plain[:at] or not mark.startswith(("<li", "</li"))]


# spec: X-ADMIN (everything works without JavaScript; a user of the section hears that there is no such page)
def test_without_scripts_and_for_nobody_else(place, folder):
    from browser import Browser
    site, _ = place
    plain = Browser(folder / "settings-plain", scripts=False)
    try:
        visitor = harness.Visitor(site.base)
        invitation = link(site.run("operator", "reset", "acme/kanri").stdout)
        visitor.send(invitation.removeprefix(site.base), password=PASSWORD, again=PASSWORD)
        visitor.send("/sign-in", name="acme/kanri", password=PASSWORD)
        plain.open(site.base + "/sign-in?lang=en")
        plain.driver.find_element(By.NAME, "name").send_keys("acme/kanri")
        plain.type_password(PASSWORD)
        plain.open(site.base + "/section/settings/recipients?lang=en")
        plain.driver.find_element(By.CSS_SELECTOR, "input[value=one-time-code]").click()
        field = plain.driver.find_element(By.NAME, "keep_days")
        field.clear()
        field.send_keys("１４")
        plain.follow(plain.driver.find_element(By.CSS_SELECTOR, SAVE))
        assert SAVED["en"] in plain.text() and "14 days" in plain.text() and "Code mailed to the recipient" in plain.text()
    finally:
        plain.stop()
    hanako = harness.Visitor(site.base)
    invitation = link(site.run("operator", "reset", "acme/hanako").stdout)
    hanako.send(invitation.removeprefix(site.base), password=PASSWORD, again=PASSWORD)
    hanako.send("/sign-in", name="acme/hanako", password=PASSWORD)
    with pytest.raises(Exception, match="404"):
        hanako.page("/section/settings")


RIGHT, BAD = {"ja": "正常", "en": "Right"}, {"ja": "要修正", "en": "Wrong"}
NEXT = {"ja": "_dmarc.acme.example のTXTレコードに", "en": "_dmarc.acme.example"}
GROUPS = {"ja": "「グループ」の画面で", "en": "On “Groups”"}
OPERATOR = {"ja": "運営者にお問い合わせください", "en": "Please ask the operator"}


# spec: X-ADMIN X-LANG RUN-SETUP
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_an_administrator_checks_the_set_up(place, browser, lang, size):
    site, mailboxes = place
    with browser.screen(*size):
        kanri = signed_in(Person(browser, site, lang, size), site)
        page = click(kanri, "a[href^='/section/mail-link']")
        assert "acme.example" in page and "SPF" in page and BAD[lang] not in page, "nothing is looked at before it is asked for"
        # Another default user, on their own page.
        assert "mail-link" in browser.driver.find_element(By.CSS_SELECTOR, "a[href^='/section/user/']").text
        kanri.open("/section/user/hanako")
        browser.driver.find_element(By.NAME, "default_user").click()
        fill(kanri, "group", "メール連携")
        click(kanri, "form[action^='/section/user/hanako'] .main-action")
        kanri.open("/section/mail-link")
        assert browser.driver.find_element(By.CSS_SELECTOR, "a[href^='/section/user/']").text == "hanako"
        submit(site, "by nobody in particular", ["a.pdf"], BODY[lang], sender="somebody@acme.example")
        mailboxes.wait(RECIPIENT, 2)
        with contextlib.closing(sqlite3.connect(f"file:{site.data}/fubako.db?mode=ro", uri=True)) as database:
            deposited = database.execute("SELECT depositor, as_default_user FROM deposits WHERE sender_address = 'somebody@acme.example'").fetchall()
        assert deposited == [("hanako", 1)]
        kanri.open("/section/mail-link")
        page = click(kanri, "form[action^='/section/mail-link/check'] button")
        # The same as the command finds, by the same names; told by what an administrator can do.
        report = json.loads(site.run("check", "--section", "acme", "--json", check=False).stdout)
        found = {finding["name"]: finding for finding in report["findings"] if finding["section"] == "acme"}
        other = "ja" if lang == "en" else "en"
        rows = browser.driver.find_elements(By.CSS_SELECTOR, "#main .rows li")
        assert len(rows) == len([finding for finding in report["findings"] if finding["section"] == "acme"])
        assert RIGHT[lang] in page and RIGHT[other] not in page and NEXT[lang] in page, page
        assert {"dmarc-missing", "dkim-missing"} <= set(found), found
        # It is broken on a screen, and mended on one.
        assert GROUPS[lang] not in page and "fubako apply" not in page and "access =" not in page
    site.declaration.write_text(SECTION.replace("mail_link = true\n[[section.user]]", "mail_link = false\n[[section.user]]").replace("autopilot = true", "autopilot = false"))
    site.run("apply", site.declaration)
    with browser.screen(*size):
        page = click(kanri, "form[action^='/section/mail-link/check'] button")
        assert GROUPS[lang] in page and OPERATOR[lang] in page and BAD[lang] in page and "fubako apply" not in page, page
        first = browser.driver.find_element(By.CSS_SELECTOR, "#main .rows li").text
        assert first.startswith(BAD[lang]), "what is wrong comes first"
