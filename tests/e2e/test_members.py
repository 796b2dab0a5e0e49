"""A section's administrator keeps its users and groups: one by one and by CSV, invited by mail; as Chromium sees it (spec X-ADMIN, X-ACCOUNTS, X-LANG)."""
import contextlib
import re
import smtplib
import urllib.error
import urllib.parse
import urllib.request

import pytest
from selenium.webdriver.common.by import By

import harness
import mails
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link
from test_cancelling import click

HANAKO, MOVED, RECIPIENT = "hanako@acme.example", "hanako.suzuki@acme.example", "suzuki@recipient.example"
SECTION = harness.SECTION + """
[[section.group]]
name = "法務部"
[[section.user]]
login_id = "kanri"
address = "kanri@acme.example"
administrator = true
"""
WRONG = {"ja": "保存できませんでした", "en": "This could not be saved"}
ADDED = {"ja": "ユーザを追加しました", "en": "The user was added"}
INVITED = {"ja": "URLをメールで送りました", "en": "was mailed"}
ACTIVE = {"ja": "利用中", "en": "Active"}
LOCKED = {"ja": "ロック中", "en": "Locked"}
UNLOCKED = {"ja": "ロックを解除しました", "en": "The account was unlocked"}
NOT_YET = {"ja": "まだ何も変わっていません", "en": "Nothing has been changed yet"}
SUMMARY = {"ja": "追加 1 件、変更 1 件、削除 0 件", "en": "1 to add, 1 to change, 0 to remove"}
TAKEN = {"ja": "CSVファイルの内容を反映しました", "en": "The users of the file were taken over"}
LINE = {"ja": "3行目", "en": "Line 3"}
REMOVED = {"ja": "ユーザを削除しました", "en": "The user was removed"}
NO_PAGE = {"ja": "このページはありません", "en": "There is no such page"}
GROUP_ADDED = {"ja": "グループを追加しました", "en": "The group was added"}


@pytest.fixture
def place(folder, request):
    own = folder / f"members-{abs(hash(request.node.name))}"
    mailboxes = harness.Mailboxes(own, [HANAKO, MOVED, RECIPIENT, "kumi@acme.example"]).start()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}, SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes, own
    site.stop()
    mailboxes.stop()


@pytest.fixture
def other_browser(folder, request):
    from browser import Browser
    browser = Browser(folder / f"member-{abs(hash(request.node.name))}")
    yield browser
    browser.stop()


def guess(site, name):
    form = urllib.parse.urlencode({"name": name, "password": "not this one at all"}).encode()
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(f"{site.base}/sign-in", form, timeout=60).close()


def invitation(mailboxes, to, number):
    mail = mailboxes.wait(to, number)[number - 1]
    text = "".join(harness.bodies(mail))
    assert "acme/" in text
    return re.search(r"http\S+/invitation/[A-Za-z0-9_-]+", text)[0]


def choose_file(person, path, remove=False):
    person.browser.driver.find_element(By.ID, "file").send_keys(str(path))
    if remove:
        person.browser.driver.find_element(By.NAME, "remove").click()
    return click(person, "form:has(#file) button[type=submit]")


# spec: X-ADMIN X-ACCOUNTS MAIL-SENDER X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_an_administrator_s_whole_story(place, browser, other_browser, lang, size):
    site, mailboxes, own = place
    with browser.screen(*size), other_browser.screen(*size):
        kanri, hanako = Person(browser, site, lang, size), Person(other_browser, site, lang, size)
        choose(kanri, link(site.run("operator", "reset", "acme/kanri").stdout), PASSWORD)
        kanri.sign_in("acme/kanri", PASSWORD)
        click(kanri, "a[href^='/section/users']")

        # A new user: first with a mistake, which loses nothing that was typed.
        click(kanri, "a[href^='/section/users/new']")
        browser.driver.execute_script("document.querySelector('[name=address]').removeAttribute('required')")
        page = kanri.send("/section/users/new", login_id="hanako", name="鈴木 花子", address="hanako")
        assert WRONG[lang] in page
        assert browser.driver.find_element(By.NAME, "name").get_property("value") == "鈴木 花子"
        page = kanri.send("/section/users/new", address=HANAKO)
        assert ADDED[lang] in page

        # Invited by mail, and in.
        page = kanri.send("/section/user/hanako/invite")
        assert INVITED[lang] in page
        choose(hanako, invitation(mailboxes, HANAKO, 1), PASSWORD)
        assert "鈴木 花子" in hanako.sign_in("hanako@acme.example", PASSWORD)
        assert NO_PAGE[lang] in hanako.open("/section/users")
        assert ACTIVE[lang] in kanri.open("/section/user/hanako")
        # Her mail is hers from now on.
        mail = mails.multipart(mails.head(subject=b"by hanako", sender=HANAKO.encode(), to=RECIPIENT.encode()), [
            (b"Content-Type: text/plain\r\n", b"see the file"),
            mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', b"%PDF")])
        with smtplib.SMTP("127.0.0.1", site.starttls, timeout=60) as smtp:
            smtp.starttls()
            smtp.sendmail(HANAKO, [RECIPIENT], mail)
        mailboxes.wait(RECIPIENT, 2)
        assert "by hanako" in hanako.open("/sent")

        # Wrong passwords lock her, and the administrator opens the lock.
        for _ in range(10):
            guess(site, "acme/hanako")
        assert LOCKED[lang] in kanri.open("/section/user/hanako")
        assert UNLOCKED[lang] in kanri.send("/section/user/hanako/unlock")

        # With another address she is out, and in again by what is mailed there.
        kanri.open("/section/user/hanako")
        kanri.send("/section/user/hanako", address=MOVED)
        assert "鈴木 花子" not in hanako.open("/me")
        choose(hanako, invitation(mailboxes, MOVED, 1), PASSWORD)
        assert "鈴木 花子" in hanako.sign_in(MOVED, PASSWORD)

        # Groups.
        kanri.open("/section/groups")
        page = click(kanri, "a[href^='/section/groups/new']")
        assert GROUP_ADDED[lang] in kanri.send("/section/groups/new", name="営業/1課 <b>")
        assert "営業/1課 <b>" in click(kanri, "li a[href*='%2F1']")

        # The file of users: out, changed, and in again once it was looked at.
        kanri.open("/section/users")
        name, _ = browser.download(browser.links("/section/users.csv")[0])
        csv = (browser.downloads / name).read_text("utf-8-sig")
        assert csv.startswith("login_id,name,address,group") and "鈴木 花子" in csv
        file = own / "users.csv"
        file.write_bytes("login_id,name,address,group\r\nhanako,花子,hanako.suzuki@acme.example,法務部\r\nkumi,,nobody,\r\n".encode("cp932"))
        kanri.open("/section/users/import")
        assert LINE[lang] in choose_file(kanri, file)
        file.write_bytes(file.read_bytes().replace(b"nobody", b"kumi@acme.example"))
        page = choose_file(kanri, file)
        assert SUMMARY[lang] in page and NOT_YET[lang] in page and "法務部" in page
        assert "kumi" not in (Person(browser, site, lang, size).open("/section/users"))
        kanri.open("/section/users/import")
        choose_file(kanri, file)
        page = click(kanri, "form:has([name=shown]) button[type=submit]")
        assert TAKEN[lang] in page and "kumi@acme.example" in page and "花子" in page

        # Gone: she is out at once.
        assert hanako.is_in()
        kanri.open("/section/user/hanako/remove")
        assert REMOVED[lang] in kanri.send("/section/user/hanako/remove")
        assert not hanako.is_in()
    assert "invitation/" not in site.log.read_text()
