"""A newcomer's half hour: from the demo, by its screens alone, a section with approval, and a deposit through it (spec X-OPERATOR, X-ADMIN, X-APPROVAL, X-SEND)."""
import hashlib
import html
import os
import re
import signal
import types
import urllib.request

import pytest
from selenium.webdriver.common.by import By

import harness
from test_accounts import LANGS, PASSWORD, Person, choose
from test_sending import fill, submit, wait_uploaded

SIZES = {"ja": (390, 844), "en": (1280, 900)}
TO = "suzuki@customer.example"


class Demo:
    """The demo, and what arrives in its mailbox."""

    def __init__(self, folder):
        self.process = harness.Process([harness.BINARY, "demo"], folder / "out", env={"TMPDIR": str(folder)})
        self.said = lambda: (folder / "out").read_text()
        self.door = harness.wait_for("the operator's door", lambda: re.search(r"become the operator\s+(\S+)", self.said()))[1]
        self.mailbox = re.search(r"the recipient's mailbox\s+(\S+)/", self.said())[1]
        self.base = self.door.split("/invitation/")[0]

    def page(self, path):
        return html.unescape(urllib.request.urlopen(self.mailbox + path, timeout=30).read().decode())

    def link(self, address, part):
        """The newest link of this kind in a mail to somebody, as they find it in the demo's mailbox."""
        def found():
            for path, to in re.findall(r'<a href="(/mails/\d+)">.*?class="to">→ ([^<]*)<', self.page("/")):
                text = self.page(path) + "".join(map(self.page, re.findall(r'src="(/mails/[^"]+)"', self.page(path))))
                links = re.findall(rf"{re.escape(self.base)}{part}[\w-]+", text)
                if address in to and links:
                    return links[0]
            return None
        return harness.wait_for(f"a mail to {address} with {part}", found, 60)


@pytest.fixture
def demo(tmp_path):
    demo = Demo(tmp_path)
    yield demo
    assert demo.process.stop(how=signal.SIGINT) == 0, demo.said()


def tick(browser, *names):
    for name in names:
        box = browser.driver.find_element(By.CSS_SELECTOR, name)
        if not box.is_selected():
            browser.driver.execute_script("arguments[0].click()", box)


def go(person, path):
    """Follows the link that the page has to there: nobody knows an address by heart."""
    [link, *_] = person.browser.links(path)
    person.browser.follow(link)
    return person.look()


def select(browser, name, value):
    browser.driver.find_element(By.CSS_SELECTOR, f"select[name={name}] option[value='{value}']").click()


# spec: X-OPERATOR X-ADMIN X-APPROVAL X-SEND
@pytest.mark.parametrize("lang", LANGS)
def test_from_the_demo_to_a_deposit_with_approval(demo, browser, folder, lang):
    size = SIZES[lang]
    site = types.SimpleNamespace(base=demo.base)
    with browser.screen(*size):
        me = Person(browser, site, lang, size)
        browser.driver.delete_all_cookies()

        # The operator makes a section for a customer, and its administrator.
        choose(me, demo.door, PASSWORD)
        me.send("/sign-in", name="operator", password=PASSWORD)
        go(me, "/operator/sections")
        go(me, "/operator/sections/new")
        tick(browser, "[name=mail_link]", "[name=autopilot]")
        page = me.send("/operator/sections/new", id="newco", name="新会社", domains="newco.example", login_id="kanri", address="kanri@newco.example")
        assert "newco" in page and "kanri@newco.example" in page
        me.open("/me")
        me.send("/sign-out")

        # The administrator: a group with approval, an approver, somebody who sends.
        choose(me, demo.link("kanri@newco.example", "/invitation/"), PASSWORD)
        me.send("/sign-in", name="newco/kanri", password=PASSWORD)
        go(me, "/section/groups")
        go(me, "/section/groups/new")
        tick(browser, "[name=mail_link]")
        select(browser, "approval", "one")
        assert "営業部" in me.send("/section/groups/new", name="営業部")
        for login, boxes in (("shonin", ["[name=approver]"]), ("taro", [])):
            me.open("/me")
            go(me, "/section/users")
            go(me, "/section/users/new")
            select(browser, "group", "営業部")
            tick(browser, *boxes)
            assert login in me.send("/section/users/new", login_id=login, address=f"{login}@newco.example", name="")
            me.send(f"/section/user/{login}/invite")
        me.open("/me")
        me.send("/sign-out")

        # Somebody sends.
        for login in ("shonin", "taro"):
            choose(me, demo.link(f"{login}@newco.example", "/invitation/"), PASSWORD)
        me.send("/sign-in", name="taro@newco.example", password=PASSWORD)
        go(me, "/sent/new")
        file = folder / f"newcomer-{lang}.pdf"
        file.write_bytes(os.urandom(100_000))
        fill(browser, recipients=TO, subject="見積書", message="どうぞ")
        browser.driver.find_element(By.ID, "file").send_keys(str(file))
        wait_uploaded(browser, lang, 1)
        page = submit(me)
        assert "見積書" in page and file.name in page
        browser.driver.find_element(By.CSS_SELECTOR, ".pass summary").click()
        password = browser.driver.find_element(By.CSS_SELECTOR, ".pass code").text
        me.open("/me")
        me.send("/sign-out")

        # The approver, by the link of the mail.
        me.open(demo.link("shonin@newco.example", "/approvals/"))
        me.send("/sign-in", name="newco/shonin", password=PASSWORD)
        me.send("/approvals/")
        me.open("/me")
        me.send("/sign-out")

        # The recipient.
        me.open(demo.link(TO, "/d/"))
        browser.type_password(password)
        assert file.name in me.look()
        assert browser.download(browser.links("/files/1")[0]) == (file.name, hashlib.sha256(file.read_bytes()).hexdigest())
