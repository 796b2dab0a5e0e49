"""Sections on the operator's screens, as Chromium sees them; and mail of what is made there, through the gateway (spec X-OPERATOR, RCV-TENANT, X-LANG)."""
import re
import smtplib

import pytest
from selenium.webdriver.common.by import By

import harness
import mails
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link
from test_cancelling import click

TO = "suzuki@recipient.example"
# Of each run's own section.
RUNS = [f"{lang}{width}" for lang in LANGS for width, _ in SIZES]
KANRI = {run: f"kanri@neu-{run}.example" for run in RUNS}

FOUND = {"ja": "1 件", "en": "1 section"}
IN_USE, OFF = {"ja": "利用中", "en": "In use"}, {"ja": "停止中", "en": "Switched off"}
MADE = {"ja": "最初の管理者に招待メールを送りました", "en": "its first administrator invited by mail"}
CHANGED = {"ja": "変更しました", "en": "Saved."}
WRONG = {"ja": "保存できませんでした", "en": "This could not be saved"}
TAKEN = {"ja": "「acme.example」は、セクション acme が使っています", "en": "Section acme has “acme.example” already"}
ID_TAKEN = {"ja": "このIDのセクションは、すでにあります", "en": "There is a section with this ID already"}
KEYS = {"ja": ("鍵なし", "鍵あり"), "en": ("no keys", "has keys")}
KEYS_MADE = {"ja": "鍵を作りました", "en": "The keys were made"}
BELOW = {"ja": "セクション acme の「acme.example」の下にあります", "en": "lies below “acme.example” of section acme"}
STALE = {"ja": "いまの設定は「{}」、入力は「{}」です", "en": "it is now “{}”; you entered “{}”"}
ASKED = {"ja": "550 と答えます", "en": "the sending server is answered 550"}
SWITCHED_OFF = {"ja": "セクションを停止しました", "en": "The section was switched off"}
SWITCHED_ON = {"ja": "セクションの利用を再開しました", "en": "The section was switched on"}
NO_PAGE = {"ja": "このページはありません", "en": "There is no such page"}


@pytest.fixture(scope="module")
def place(folder):
    own = folder / "operator-sections"
    senders = [f"tanaka@neu-{run}.example" for run in RUNS]
    signing = {(f"signed-{run}.example", "TXT"): [harness.SPF] for run in RUNS}
    mailboxes = harness.Mailboxes(own, [TO, *KANRI.values(), *senders]).start()
    dns = harness.Dns({(f"neu-{run}.example", "TXT"): [harness.SPF] for run in RUNS} | signing)
    site = harness.Fubako(own / "fubako", {
        "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "dns": {"servers": [f"127.0.0.1:{dns.port}"]}}).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes
    site.stop()
    dns.stop()
    mailboxes.stop()


@pytest.fixture
def other_browser(folder, request):
    from browser import Browser
    browser = Browser(folder / f"sections-other-{abs(hash(request.node.name))}")
    yield browser
    browser.stop()


def operator(person, site, login):
    person.browser.driver.delete_all_cookies()
    choose(person, link(site.run("operator", "add", login, "--address", f"{login}@ops.example").stdout), PASSWORD)
    return person.sign_in(login, PASSWORD)


def fill(person, **fields):
    for name, value in fields.items():
        field = person.browser.driver.find_element(By.NAME, name)
        if field.tag_name == "select":
            field.find_element(By.CSS_SELECTOR, f"option[value='{value}']").click()
        else:
            field.clear()
            field.send_keys(value)


def value(person, name):
    return person.browser.driver.find_element(By.NAME, name).get_property("value")


def beside(person, name):
    """What is said to be wrong with a field; that it is bound to the field."""
    field = person.browser.driver.find_element(By.NAME, name)
    assert field.get_attribute("aria-invalid") == "true" and f"{name}-wrong" in field.get_attribute("aria-describedby"), (name, person.browser.text())
    return person.browser.driver.find_element(By.ID, f"{name}-wrong").text


def submit(site, sender, mail):
    """Sends a mail through the gateway; its reply."""
    with smtplib.SMTP("127.0.0.1", site.starttls, timeout=60) as smtp:
        smtp.ehlo("company.example")
        smtp.starttls()
        smtp.ehlo("company.example")
        code, reply = smtp.mail(sender)
        if code == 250:
            code, reply = smtp.rcpt(TO)
        if code == 250:
            code, reply = smtp.data(mail)
        return code, reply


def words(sender, subject):
    return mails.head(subject=subject, sender=sender.encode(), to=TO.encode()) + b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\njust words\r\n"


def with_file(sender, subject):
    return mails.multipart(mails.head(subject=subject, sender=sender.encode(), to=TO.encode()), [
        (b"Content-Type: text/plain\r\n", b"see the file"),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', b"%PDF " + b"x" * 3000)])


SAVE = "button.main-action"


# spec: X-OPERATOR X-ACCOUNTS RCV-TENANT X-AUDIT X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_section_is_made_changed_used_and_switched_off(place, browser, other_browser, lang, size):
    site, mailboxes = place
    run = f"{lang}{size[0]}"
    section, domain, login = f"neu-{run}", f"neu-{run}.example", f"s-{run}"
    sender = f"tanaka@{domain}"
    code, reply = submit(site, sender, words(sender, b"too early"))
    assert code == 550 and b"not registered" in reply, (code, reply)
    with browser.screen(*size), other_browser.screen(*size):
        root = Person(browser, site, lang, size)
        driver = browser.driver
        operator(root, site, login)
        page = click(root, "a[href^='/operator/sections']")
        assert "アクメ商事" in page and "acme.example" in page and IN_USE[lang] in page
        click(root, "a[href^='/operator/sections/new']")

        # Wrong first: each fault stands beside its field, and nothing that was typed is lost.
        fill(root, id="acme", name="新しい会社 <b>", domains=f"{domain}\nacme.example", max_deposit_size="1.5", unit="MB", login_id="kanri", address=KANRI[run])
        page = click(root, SAVE)
        assert WRONG[lang] in page and driver.title.startswith(WRONG[lang])
        assert ID_TAKEN[lang] in beside(root, "id") and TAKEN[lang] in beside(root, "domains") and "1,024 TB" in beside(root, "max_deposit_size")
        assert (value(root, "name"), value(root, "unit"), value(root, "address")) == ("新しい会社 <b>", "MB", KANRI[run])
        assert value(root, "domains") == f"{domain}\nacme.example" and driver.find_element(By.NAME, "mail_link").is_selected()
        # The list of faults leads to the fields by keyboard.
        driver.find_element(By.CSS_SELECTOR, "#trouble a[href='#domains']").send_keys("\n")
        assert driver.execute_script("return location.hash") == "#domains"
        assert mailboxes.raw(KANRI[run]) == []
        fill(root, id=section, domains=f"{domain}\n営業-{run}.example", max_deposit_size="5", unit="MB")
        driver.find_element(By.NAME, "autopilot").click()
        page = click(root, SAVE)
        assert MADE[lang] in page and IN_USE[lang] in page and f"kanri <{KANRI[run]}>" in page
        assert "新しい会社 <b>" in page and "xn--" in value(root, "domains")

        # Found in the list, too.
        root.open("/operator/sections")
        fill(root, q=domain)
        page = click(root, "form[role=search] button")
        assert FOUND[lang] in page and section in page and "acme.example" not in page and "5.0 MB" in page

        # The administrator has the invitation, and may look at the contract but not change it.
        invitation = harness.bodies(mailboxes.wait(KANRI[run], 1)[0])[0]
        kanri = Person(other_browser, site, lang, size)
        choose(kanri, re.search(r"http\S+/invitation/\S+", invitation)[0], PASSWORD)
        kanri.sign_in(f"{section}/kanri", PASSWORD)
        page = kanri.open("/section/settings")
        assert "5.0 MB" in page and domain in page
        assert not other_browser.links("/operator/")
        for path in ("/operator/sections", "/operator/sections/new", f"/operator/section/{section}", f"/operator/section/{section}/off"):
            assert NO_PAGE[lang] in kanri.open(path)

        # Its mail goes through the gateway from now on: as it is, and, once it has a group and a default user, with its files deposited.
        came = len(mailboxes.raw(TO))
        assert submit(site, sender, words(sender, b"first mail"))[0] == 250
        [mail] = mailboxes.wait(TO, came + 1)[came:]
        assert mail["subject"] == "first mail"
        kanri.open("/section/groups/new")
        fill(kanri, name="メール連携")
        other_browser.driver.find_element(By.NAME, "mail_link").click()
        click(kanri, SAVE)
        kanri.open("/section/users/new")
        fill(kanri, login_id="tanaka", address=sender)
        click(kanri, SAVE)
        assert submit(site, sender, with_file(sender, b"with a file"))[0] == 250
        mails_of = [m["subject"] for m in mailboxes.wait(TO, came + 3)[came + 1:]]
        assert any("with a file" in subject for subject in mails_of), mails_of

        # Another page was open all the while: it writes over nothing.
        root.open(f"/operator/section/{section}")
        old = driver.page_source
        assert "a.pdf" not in old and "with a file" not in old and TO not in old
        late = Person(other_browser, site, lang, size)
        other_browser.driver.delete_all_cookies()
        operator(late, site, f"{login}-2")
        late.open(f"/operator/section/{section}")
        fill(late, name="二人目", max_deposit_size="6")
        assert CHANGED[lang] in click(late, SAVE)
        fill(root, name="一人目")
        page = click(root, SAVE)
        assert WRONG[lang] in page and STALE[lang].format("二人目", "一人目") in page and STALE[lang].format("6.0 MB", "5.0 MB") in page
        assert value(root, "name") == "一人目"
        fill(root, max_deposit_size="1", unit="KB")
        assert CHANGED[lang] in click(root, SAVE)
        assert (value(root, "name"), value(root, "max_deposit_size"), value(root, "unit")) == ("一人目", "1", "KB")

        # The contracted size holds for the next mail.
        told = len(mailboxes.raw(sender))
        assert submit(site, sender, with_file(sender, b"too large"))[0] == 250
        assert "(files-too-large)" in harness.bodies(mailboxes.wait(sender, told + 1)[told])[0]

        # Switched off: what happens is told first, and does.
        page = click(root, f"a[href*='/operator/section/{section}/off']")
        assert ASKED[lang] in page
        page = click(root, "button.danger")
        assert SWITCHED_OFF[lang] in page and OFF[lang] in page
        code, reply = submit(site, sender, words(sender, b"refused"))
        assert code == 550 and b"not registered" in reply, (code, reply)
        other_browser.driver.delete_all_cookies()
        kanri.sign_in(f"{section}/kanri", PASSWORD)
        assert not kanri.is_in()
        click(root, f"a[href*='/operator/section/{section}/on']")
        assert SWITCHED_ON[lang] in click(root, SAVE)
        assert submit(site, sender, words(sender, b"again"))[0] == 250

        # All of it is recorded, with what was and what is, by whom.
        click(root, f"a[href*='/audit?section={section}']")
        for summary in driver.find_elements(By.TAG_NAME, "summary"):
            summary.click()
        page = root.look()
        assert login in page and f"{login}-2" in page
        assert "name: 新しい会社 <b> → 二人目" in page and "max_deposit_size: 6291456 → 1024" in page and "enabled: yes → no" in page


# spec: X-OPERATOR MAIL-SIGN X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_domain_s_keys_are_made_shown_and_go_with_it(place, browser, lang, size):
    site, mailboxes = place
    run = f"{lang}{size[0]}"
    domain, sender = f"signed-{run}.example", f"tanaka@signed-{run}.example"
    declaration = site.folder / f"signed-{run}.toml"
    one, other = f"one-{run}", f"other-{run}"

    def declare(of, domains, keys=""):
        return f'[[section]]\nid = "{of}"\nname = "{of}"\nmail_link = true\ndomains = {domains}\n{keys}'

    def apply(*sections):
        declaration.write_text("".join(sections))
        return site.run("apply", declaration).stdout

    apply(declare(one, [domain, f"{run}.acme.example"]), declare(other, []))
    with browser.screen(*size):
        root = Person(browser, site, lang, size)
        operator(root, site, f"k-{run}")
        page = root.open(f"/operator/section/{one}")
        without, with_keys = KEYS[lang]
        assert f"{domain} {without}" in page and f"{run}.acme.example {without}" in page and BELOW[lang] in page, page
        page = click(root, f"a[href*='/dkim/{domain}']")
        assert "_domainkey" not in page
        page = click(root, SAVE)
        assert KEYS_MADE[lang] in page
        records = [f"fubako-{kind}._domainkey.{domain}" for kind in ("rsa", "ed25519")]
        assert all(record in page for record in records) and "v=DKIM1; k=rsa; p=" in page, page
        page = root.open(f"/operator/section/{one}")
        assert f"{domain} {with_keys}" in page and f"{run}.acme.example {without}" in page, page
    came = len(mailboxes.raw(TO))
    code, reply = submit(site, sender, words(sender, b"signed"))
    assert code == 250, reply
    [mail] = mailboxes.wait(TO, came + 1)[came:]
    signed = [field for field in mail.get_all("dkim-signature") if f"d={domain};" in field]
    assert len(signed) == 2, mail.get_all("dkim-signature")

    # Given to another section, the domain keeps them; the file that declares some has nothing to make.
    said = apply(declare(one, []), declare(other, [domain], f'dkim = [{{ domain = "{domain}" }}]\n'))
    assert f"+ DKIM keys of {domain}" not in said and all(f"publish {record} TXT" in said for record in records), said
    with site.as_operator() as root:
        page = root.page(f"/operator/section/{other}/dkim/{domain}?lang=en")
        assert all(record in page for record in records) and "<button type=\"submit\"" not in page


# spec: X-OPERATOR
def test_screens_and_apply_live_together(place):
    """What the file does not name stays as it is on screens; what it names is the file's."""
    site, _ = place
    declaration = site.folder / "beside.toml"
    declaration.write_text('[[section]]\nid = "beside"\nname = "beside"\nmail_link = true\ndomains = ["beside.example"]\n')
    assert "+ section beside" in site.run("apply", declaration).stdout
    with site.as_operator() as root:
        page = root.page("/operator/section/beside?lang=en")
        seen = re.search('name="seen" value="([^"]+)"', page)[1]
        root.send("/operator/section/beside", seen=seen, name="on screen", domains="beside.example\nmore.example", autopilot="yes",
                  max_deposit_size="7", unit="GB")
        root.send("/operator/section/beside/off")
    bare = '[[section]]\nid = "beside"\nname = "on screen"\n'
    declaration.write_text(bare)
    assert site.run("apply", declaration).stdout.startswith("Nothing to change.")
    declaration.write_text(bare + "mail_link = true\nenabled = true\n")
    said = site.run("apply", declaration).stdout
    assert "+ enabled: true" in said and "+ mail_link: true" in said and "autopilot" not in said and "more.example" not in said
    with site.as_operator() as root:
        page = root.page("/operator/section/beside?lang=en")
        assert "In use" in page and "beside.example\nmore.example</textarea>" in page and 'value="7"' in page
        assert page.count(" checked>") == 2
        taken = root.page("/operator/sections?lang=en&q=more.example")
        assert "1 section" in taken and "7.0 GB contracted" in taken
