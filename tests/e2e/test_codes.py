"""Every code of docs/codes.md, provoked over SMTP, and the notice that its sender gets (spec 3.4, 3.5, 3.6, NOTICE).

The page is the list: a code that is in neither CASES nor ELSEWHERE fails `test_every_code_of_the_page_is_here`.
"""
import contextlib
import dataclasses
import datetime
import html
import io
import json
import re
import smtplib
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zoneinfo

import pytest

import harness
import mails

TO = "suzuki@recipient.example"
PAGE = {
    found[1]: {"class": found[2], "ja": found.group(3, 4), "en": found.group(5, 6)}
    for found in re.finditer(r"^## `(\S+)`\n\n(\w+) · spec .+\n\n- (.+)  \n  → (.+)\n- (.+)  \n  → (.+)$",
                             (harness.ROOT / "docs/codes.md").read_text(), re.M)
}
KINDS = {
    found[1]: {"ja": found.group(2, 3), "en": found.group(4, 5)}
    for found in re.finditer(r"^### `ambiguous`: (\S+)\n\n- (.+)  \n  → (.+)\n- (.+)  \n  → (.+)$",
                             (harness.ROOT / "docs/codes.md").read_text(), re.M)
}
# Codes that cannot be provoked here: why, and which test has them.
ELSEWHERE = {"approval-rejected": "the mail is delivered first, and days later somebody says no: test_approval.py",
             "ip-not-allowed": "the gateway in the exchange's own process comes from no network: test_allow_lists.py"}


def section(name, text="", autopilot="true", depositor=harness.DEPOSITOR):
    return f"""
[[section]]
id = "{name}"
name = "{name}"
mail_link = true
autopilot = {autopilot}
domains = ["{name}.example"]
{text}
{depositor}
"""


GROUP, DEFAULT_USER = harness.DEPOSITOR.split("[[section.user]]")
OWN_USER = """
[[section.user]]
login_id = "tanaka"
address = "tanaka@{}.example"
group = "メール連携"
"""
OWN_ACCOUNT = {"locked": "locked", "expired": "expired", "reset": "reset"}
DEFAULT_ACCOUNT = {"default-locked": "locked", "default-reset": "reset", "default-expired": "expired"}
SECTIONS = {
    "acme": section("acme", """[section.settings]
forbidden_names = ["*.exe"]
denied_destinations = ["*.denied.example", "denied.example"]
""") + """
[[section.user]]
login_id = "outside"
address = "Outside@ACME.example"
""",
    "small": section("small", "settings = { max_deposit_size = 1000 }"),
    "pilotless": section("pilotless", autopilot="false"),
    "switched": section("switched"),
    # Its own domain is not one that the installation serves.
    "astray": section("astray", "settings = { link_url = \"https://files.astray.example\" }"),
    "unapproved": section("unapproved", "settings = { approval = \"one\" }"),
    "groupless": section("groupless", depositor="[[section.user]]" + DEFAULT_USER.replace('group = "メール連携"', "")),
    "userless": section("userless", depositor=GROUP),
    "stray": section("stray", depositor=GROUP + "[[section.user]]" + DEFAULT_USER.replace('group = "メール連携"', "")),
    # What their accounts are like is brought about once the service runs (X-ACCOUNTS).
    **{name: section(name, "settings = { sign_in_tries = 1, password_days = 30 }") + (OWN_USER.format(name) if name in OWN_ACCOUNT else "")
       for name in (*OWN_ACCOUNT, *DEFAULT_ACCOUNT)},
}
SENDERS = ["tanaka@acme.example", "outside@acme.example"] + [f"tanaka@{name}.example" for name in SECTIONS if name != "acme"]


class World:
    """A gateway with a section for each fault, a clamd, and everybody's mailboxes."""

    def __init__(self, folder):
        self.clamd = harness.Clamd(folder / "clamd", "MaxRecursion 3\n").start()
        self.mailboxes = harness.Mailboxes(folder, [TO, "sato@cc.example", "x@sub.denied.example", "x@denied.example", *SENDERS]).start()
        self.dns = harness.Dns({(f"{name}.example", "TXT"): [harness.SPF] for name in SECTIONS})
        self.fubako = harness.Fubako(folder / "fubako", {
            "relay": {"smarthost": f"127.0.0.1:{self.mailboxes.port}"}, "dns": {"servers": [f"127.0.0.1:{self.dns.port}"]},
            "scanner": {"clamd": f"unix:{self.clamd.socket}"}}, "".join(SECTIONS.values())).start()
        self.database = self.fubako.data / "fubako.db"
        for users, login in ((OWN_ACCOUNT, "tanaka"), (DEFAULT_ACCOUNT, "mail-link")):
            for section, state in users.items():
                self.bring_account(f"{section}/{login}", state)

    def stop(self):
        for part in (self.fubako, self.dns, self.mailboxes, self.clamd):
            part.stop()

    def post(self, path, **fields):
        request = urllib.request.Request(f"http://127.0.0.1:{self.fubako.http}{path}", urllib.parse.urlencode(fields).encode())
        with contextlib.suppress(urllib.error.HTTPError):  # a refused sign-in is what some of these are for
            urllib.request.urlopen(request, timeout=60).close()

    def bring_account(self, name, state):
        """An account that has a password, and then is locked, expired or reset, as its user or an administrator would do it."""
        said = self.fubako.run("operator", "reset", name).stdout
        path = re.search(r"/invitation/\S+", said)[0]
        self.post(path, password="correct horse battery", again="correct horse battery")
        section, login = name.split("/")
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as database, database:
            if state == "expired":
                database.execute("UPDATE accounts SET password_set_at = password_set_at - ? WHERE section = ? AND login_id = ?", (30 * 86_400 * 1_000_000, section, login))
        if state == "locked":
            self.post("/sign-in", name=name, password="another")
        if state == "reset":
            self.fubako.run("operator", "reset", name)
        [row] = self.read("SELECT password_hash IS NULL, locked_at IS NULL FROM accounts WHERE section = ? AND login_id = ?", section, login)
        assert row == (state == "reset", state != "locked"), (name, row)

    def submit(self, sender, mail, recipients):
        with smtplib.SMTP("127.0.0.1", self.fubako.starttls, timeout=120) as smtp:
            smtp.starttls()
            smtp.sendmail(sender, recipients, mail)

    def all_mails(self):
        """How many mails lie in all the mailboxes."""
        return sum(1 for _ in (self.mailboxes.folder / "mail").glob("*/new/*"))

    def read(self, sql, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(sql, values).fetchall()

    def waiting(self):
        """The id of the one mail that was tried and waits."""
        [row] = harness.wait_for("the mail waits", lambda: [r for r in self.fubako.queue() if r["state"] == "received" and r["attempts"] > 0])
        return row["id"]

    def is_tried(self, mail, hours):
        """Its turn comes now, and the clock has been put forward for it."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=30)) as database, database:
            database.execute("UPDATE mails SET due_at = 0, tried_since = received_at - ? WHERE id = ?", (hours * 3600 * 1_000_000, mail))


@pytest.fixture(scope="module")
def world(folder):
    world = World(folder / "codes")
    yield world
    world.stop()


def files(*names, octets=b"%PDF", sender=b"tanaka@acme.example", **fields):
    return mails.multipart(mails.head(sender=sender, **fields), [(b"Content-Type: text/plain\r\n", b"see the files")] + [
        mails.attachment(b"Content-Type: application/pdf\r\nContent-Disposition: attachment"
                         + (b"; filename*=UTF-8''" + "".join("%%%02X" % b for b in name.encode()).encode() if name else b"") + b"\r\n", octets)
        for name in names])


def zipped(octets, name="a.zip"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, octets)
    return packed.getvalue()


def locked():
    """The octets of a stored entry of which the general purpose flag says that it is encrypted (APPNOTE 4.4.4)."""
    octets = bytearray(zipped(b"0123456789abcdef" * 10, "secret.txt"))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        octets[octets.index(mark) + at] |= 1
    return bytes(octets)


def nested(levels):
    octets = b"bottom" * 100
    for _ in range(levels):
        octets = zipped(octets)
    return octets


@contextlib.contextmanager
def while_away(world):
    """The scanner is away, so that mails wait."""
    world.clamd.stop()
    try:
        yield
    finally:
        if not world.clamd.process:
            world.clamd.start()


# What makes a waiting mail fail; each is run while the scanner is away, and a context while the notice comes.
@contextlib.contextmanager
def the_scanner_stays_away(world, mail):
    world.is_tried(mail, hours=25)
    yield


@contextlib.contextmanager
def the_storage_takes_nothing(world, mail):
    """Where there was a folder for new objects there is a file; the one that the mail itself lies in stays."""
    [[spool]] = world.read("SELECT spool_id FROM mails WHERE id = ?", mail)
    folders = [path for path in (world.fubako.data / "files").iterdir() if re.fullmatch("[0-9a-f]{2}", path.name) and not spool.endswith(path.name)]
    assert len(folders) == 255, folders
    aside = world.fubako.data / "aside"
    aside.mkdir()
    for path in folders:
        path.rename(aside / path.name)
        path.touch()
    try:
        world.clamd.start()
        world.is_tried(mail, hours=25)
        yield
    finally:
        for path in folders:
            path.unlink()
            (aside / path.name).rename(path)
        aside.rmdir()


@contextlib.contextmanager
def the_exchange_stays_closed(world, mail):
    """An operator sets maintenance, which takes longer than mails wait."""
    with world.fubako.as_operator() as operator:
        ends = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Tokyo")) + datetime.timedelta(hours=2)
        operator.send("/operator/maintenance", starts="", ends=ends.strftime("%Y-%m-%dT%H:%M"))
        try:
            world.is_tried(mail, hours=25)
            yield
        finally:
            operator.send(re.search(r"/operator/maintenance/[^/]+/end", operator.page("/operator/maintenance"))[0])


@contextlib.contextmanager
def the_mail_is_damaged(world, mail):
    """The last octet of what was spooled; its header lies in a chunk before."""
    [[spool]] = world.read("SELECT spool_id FROM mails WHERE id = ?", mail)
    [path] = (world.fubako.data / "files").glob("*/" + spool.replace("-", ""))
    octets = path.read_bytes()
    path.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))
    world.is_tried(mail, hours=0)
    yield


@contextlib.contextmanager
def the_option_is_switched_off(world, mail):
    other = world.fubako.folder / "off.toml"
    other.write_text(SECTIONS["switched"].replace("mail_link = true", "mail_link = false", 1))
    world.fubako.run("apply", other)
    world.is_tried(mail, hours=0)
    yield


@dataclasses.dataclass
class Case:
    mail: bytes
    to: list = dataclasses.field(default_factory=lambda: [TO])
    # The files, recipients and characters that the notice names, in every language; where it is a setting, the code's own text does.
    names: tuple = ()
    limit: int = None
    sender: str = "tanaka@acme.example"
    held: bool = False
    trouble: object = None


def of(section):
    """A mail with a file from a section, and its sender."""
    sender = f"tanaka@{section}.example"
    return {"mail": files("a.pdf", sender=sender.encode()), "sender": sender}


CASES = {
    "encrypted": Case(mails.multipart(mails.head(), [
        mails.attachment(b'Content-Type: application/pkcs7-mime; name="smime.p7m"\r\n', b"0\x80")]), names=("smime.p7m",)),
    "data-url": Case(mails.multipart(mails.head(), [(b"Content-Type: text/html; charset=UTF-8\r\n", b'<p><img src="&#100;ata:image/png;base64,AAAA"></p>')])),
    "ambiguous": Case(mails.multipart(mails.head(extra=b"Content-Type: text/plain\r\n"), [(b"", b"which is it?")]), held=True),
    "name-character": Case(files("笑顔😀.pdf"), names=("笑顔😀.pdf", "U+1F600")),
    "too-many-files": Case(files(*(f"{n}.pdf" for n in range(21))), limit=20),
    "name-missing": Case(files(""), names=("PDF)",)),
    "name-duplicate": Case(files("見積書.pdf", "b.pdf", "見積書.PDF"), names=("見積書.PDF",)),
    "name-forbidden": Case(files("setup.EXE"), names=("setup.EXE",)),
    "too-many-recipients": Case(files("a.pdf"), to=[TO] + [f"u{n}@recipient.example" for n in range(50)], limit=50),
    "recipient-malformed": Case(files("a.pdf", to=b"suzuki@recipient.example, suzuki@"), names=("suzuki@",)),
    "recipient-duplicate": Case(files("a.pdf", to=b"suzuki@recipient.example, SUZUKI@Recipient.example"), names=("SUZUKI@Recipient.example",)),
    "recipient-restricted": Case(files("a.pdf"), to=[TO, "x@sub.denied.example"], names=("x@sub.denied.example",)),
    "subject-too-long": Case(files("a.pdf", subject=mails.encoded("長" * 201)), limit=200, names=("201",)),
    "subject-character": Case(files("a.pdf", subject=mails.encoded("𠮷野様")), names=("𠮷",)),
    "files-too-large": Case(files("大容量.pdf", octets=b"x" * 1001, sender=b"tanaka@small.example"), sender="tanaka@small.example", names=("大容量.pdf — 1001 B", "1000 B")),
    "virus": Case(files("報告書.com", "複写.com", octets=harness.EICAR), names=("報告書.com — Eicar-Test-Signature", "複写.com — Eicar-Test-Signature")),
    "file-encrypted": Case(files("locked.zip", octets=locked()), names=("locked.zip",)),
    "scan-limit": Case(files("nested.zip", octets=nested(6)), names=("nested.zip",)),
    "option-off": Case(**of("switched"), trouble=the_option_is_switched_off),
    "autopilot-off": Case(**of("pilotless")),
    "wrong-domain": Case(**of("astray")),
    "sender-malformed": Case(files("a.pdf", sender=b"a" * 250 + b"@acme.example"), names=("a" * 200,)),
    "group-not-set": Case(**of("groupless")),
    "sender-not-in-group": Case(files("a.pdf", sender=b"outside@acme.example"), sender="outside@acme.example", names=("outside@acme.example",)),
    "default-user-credentials": Case(**of("userless"), names=("tanaka@userless.example",)),
    "default-user-no-group": Case(**of("stray"), names=("tanaka@stray.example",)),
    "sender-locked": Case(**of("locked"), names=("tanaka@locked.example",)),
    "sender-password-expired": Case(**of("expired"), names=("tanaka@expired.example",)),
    "default-user-locked": Case(**of("default-locked"), names=("tanaka@default-locked.example",)),
    "default-user-password-reset": Case(**of("default-reset"), names=("tanaka@default-reset.example",)),
    "default-user-password-expired": Case(**of("default-expired"), names=("tanaka@default-expired.example",)),
    "approval-misconfigured": Case(**of("unapproved"), names=("tanaka@unapproved.example",)),
    "exchange-unavailable": Case(files("a.pdf"), names=("a.pdf",), trouble=the_scanner_stays_away),
    "maintenance": Case(files("a.pdf"), trouble=the_exchange_stays_closed),
    # One new object in 256 would find its folder: of three files one is sure not to.
    "upload-failed": Case(files("見積-1.pdf", "見積-2.pdf", "見積-3.pdf"), names=("見積-",), trouble=the_storage_takes_nothing),
    "exchange-error": Case(files("a.pdf", octets=bytes(100_000)), held=True, trouble=the_mail_is_damaged),
}


def base64_attachment(name, text):
    return (b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment; filename=" + name + b"\r\n", text)


# The kinds of `ambiguous` whose notice says something of its own.
AMBIGUOUS = {
    "size": Case(mails.multipart(mails.head(), [(b"", b"x")] * 2100), held=True),
    "file-in-text": Case(mails.head() + b"\r\nbegin 644 a.txt\r\n%2$E,3$\\\r\n`\r\nend\r\n", held=True),
    "long-line": Case(mails.head() + b"\r\nX-Content-Type: a\r\n" + b"x" * 1023 + b"content-type=me\r\n", held=True),
    "base64": Case(mails.multipart(mails.head(), [base64_attachment(b"broken.pdf", b"JVBERi0xLjQK!!!!\x00(x)\r\nJVBERi0xLjQK\r\n")]), held=True, names=("broken.pdf",)),
    "charset": Case(mails.multipart(mails.head(), [(b"Content-Type: text/plain; charset=x-unknown-42\r\n", b"\x80\x81"), base64_attachment(b"a.pdf", b"JVBERi0xLjQK\r\n")]), held=True),
    "html": Case(mails.multipart(mails.head(), [(b"Content-Type: text/html; charset=UTF-8\r\n", b"<p>" + b"<a " + b"a=b\r\n" * 300_000)]), held=True),
    "elsewhere": Case(mails.multipart(mails.head(), [(b"Content-Type: message/partial; id=a; number=1; total=2\r\n", b"Subject: x\r\n\r\nx")]), held=True),
}


# spec: NOTICE MAIL-AMBIGUOUS
def test_every_kind_of_ambiguity_is_here():
    assert KINDS.keys() == AMBIGUOUS.keys()


# spec: NOTICE MAIL-AMBIGUOUS
@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_a_held_mail_s_sender_is_told_what_kind_of_thing_it_is(world, kind):
    case = AMBIGUOUS[kind]
    notice = the_notice(world, case)
    check_fields(case, notice)
    check_words("ambiguous", case, notice, KINDS[kind])


# spec: 3.4 3.5 3.6 NOTICE
def test_every_code_of_the_page_is_here():
    assert len(PAGE) == len(re.findall("^## ", (harness.ROOT / "docs/codes.md").read_text(), re.M))
    assert not CASES.keys() & ELSEWHERE.keys()
    assert PAGE.keys() == CASES.keys() | ELSEWHERE.keys()


def the_notice(world, case):
    """The one mail that comes of a mail that is stopped, in its sender's mailbox."""
    before, there = world.all_mails(), len(world.mailboxes.raw(case.sender))
    with contextlib.ExitStack() as trouble:
        if case.trouble:
            trouble.enter_context(while_away(world))
        world.submit(case.sender, case.mail, case.to)
        if case.trouble:
            trouble.enter_context(case.trouble(world, world.waiting()))
        notice = world.mailboxes.wait(case.sender, there + 1)[there]
    harness.wait_for("nothing is under way", lambda: all(row["state"] == "held" for row in world.fubako.queue()))
    assert world.all_mails() == before + 1, "somebody else got something, or the sender two"
    return notice


def said(text, limit):
    """A text of the page, with the section's limit in the place of its N."""
    return re.sub("(?<![A-Za-z])N(?![A-Za-z])", str(limit), text) if limit else text


def check_words(code, case, notice, texts=None):
    """What was wrong and what to do, as the page has it, in Japanese and then in English, in text and in HTML. Gives the reference number."""
    assert [part.get_content_type() for part in notice.walk()] == ["multipart/alternative", "text/plain", "text/html"], "a file is in it"
    text, page = harness.bodies(notice)
    page = html.unescape(re.sub("<[^>]*>", "", page))
    languages = text.split("-" * 40)
    assert len(languages) == 2
    in_html = (page[:page.index("Your mail was not delivered")], page[page.index("Your mail was not delivered"):])
    for lang, part, shown in zip(("ja", "en"), languages, in_html):
        for words in (texts or PAGE[code])[lang]:
            assert said(words, case.limit) in part and said(words, case.limit) in shown, (lang, words, part, shown)
        for name in case.names:
            assert name in part and name in shown, (name, part, shown)
        assert f"({code})" in part and f"({code})" in shown
        assert ("保留" in part or "kept so that" in part) == case.held
    assert re.search("[ぁ-ん]", languages[0]) and not re.search("[ぁ-ん]", languages[1].split("Subject:")[0])
    references = set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text + page))
    assert len(references) == 1
    return references.pop()


def check_fields(case, notice):
    assert notice["return-path"] == "<>"
    assert [to.addr_spec for to in notice["to"].addresses] == [case.sender] and not notice["cc"]
    assert notice["auto-submitted"] == "auto-replied"
    assert notice["in-reply-to"] == notice["references"] == re.search(rb"Message-ID: (<.*>)", case.mail)[1].decode()
    assert notice["message-id"] != notice["in-reply-to"]
    assert notice["content-language"] == "ja, en"


# spec: 3.4 3.5 3.6 NOTICE MAIL-ACCEPT MAIL-AMBIGUOUS MAIL-SENDER MAIL-DEPOSIT KEEP-VIRUS
@pytest.mark.parametrize("code", CASES)
def test_a_code_is_told_to_the_sender_and_nobody_else(world, code):
    case = CASES[code]
    notice = the_notice(world, case)
    check_fields(case, notice)
    reference = check_words(code, case, notice)
    log = [line for line in world.fubako.log.read_text().splitlines() if reference in line]
    assert any(code in line and ("held" if case.held else "stopped") in line for line in log), log
    [[state, codes]] = world.read("SELECT state, codes FROM mails WHERE id = ?", reference)
    assert (state, json.loads(codes)) == ("held" if case.held else "stopped", [code])
    assert world.read("SELECT COUNT(*) FROM deposits WHERE idempotency_key = ?", reference) == [(0,)], "a deposit is left"


# spec: NOTICE
def test_all_problems_are_told_at_once(world):
    mail = files("😀.pdf", "a.exe", "b.exe", "B.EXE", subject=mails.encoded("長" * 201), to=b"suzuki@recipient.example, x@denied.example")
    text, _ = harness.bodies(the_notice(world, Case(mail, to=[TO, "x@denied.example"])))
    codes = re.search(r"\(([a-z, -]+)\)", text)[1].split(", ")
    assert codes == ["name-character", "name-duplicate", "name-forbidden", "recipient-restricted", "subject-too-long"]
    assert all(name in text for name in ("😀.pdf", "a.exe", "b.exe", "B.EXE", "x@denied.example", "200"))


# spec: NOTICE X-LANG
@pytest.mark.parametrize("width", [375, 700])
def test_a_notice_fits_the_screen(world, browser, tmp_path, width):
    """Of a telephone, and of a mail program's pane: nothing is so long that it must be scrolled to sideways."""
    mail = files("長" * 103 + "😀.pdf", "a" * 240 + ".exe", "", subject=mails.encoded("W" * 250), to=b"suzuki@recipient.example, " + b"x" * 60 + b"@denied.example")
    notice = the_notice(world, Case(mail, to=[TO, "x" * 60 + "@denied.example"]))
    page = tmp_path / "notice.html"
    page.write_text(harness.bodies(notice)[1])
    with browser.screen(width, 900):
        browser.open(page.as_uri())
        assert browser.sideways() == (width, 0)
        cut = browser.driver.execute_script("""return [...document.querySelectorAll('body *')].filter(e => {
            const box = e.getBoundingClientRect();
            return box.width && (box.left < 0 || box.right > document.documentElement.clientWidth || e.scrollWidth > e.clientWidth + 1 && e.clientWidth);
        }).map(e => e.outerHTML.slice(0, 200))""")
        assert cut == []
        for words in ("使用できない文字: 😀 (U+1F600) — 長さ: 317バイト", "(3番目、PDF)", "現在の件名: 250文字", "the subject now: 250 characters"):
            assert words in browser.text()


# spec: NOTICE RUN-WATCH
def test_a_stopped_mail_without_an_envelope_sender_is_told_to_nobody_and_stands_in_the_log(world):
    """An automatic answer with a file: a notice could go round, so the administrator has to find it."""
    before = world.all_mails()
    with smtplib.SMTP("127.0.0.1", world.fubako.starttls, local_hostname="acme.example", timeout=120) as smtp:
        smtp.ehlo(), smtp.mail(""), smtp.rcpt(TO)
        code, reply = smtp.data(files("setup.exe"))
    assert code == 250, reply
    mail = re.search(rb"[0-9a-f-]{36}", reply)[0].decode()
    harness.wait_for("it is stopped", lambda: world.read("SELECT state FROM mails WHERE id = ?", mail) == [("stopped",)])
    [line] = [line for line in world.fubako.log.read_text().splitlines() if "nobody is told" in line]
    assert "WARN" in line and mail in line and "name-forbidden" in line and "section=acme" in line, line
    assert "name-forbidden" in world.fubako.run("queue", "show", mail).stdout
    harness.wait_for("nothing is under way", lambda: all(row["state"] == "held" for row in world.fubako.queue()))
    assert world.all_mails() == before


# spec: RCV-REPEAT NOTICE MAIL-SENDER
def test_a_stopped_mail_is_handled_when_it_is_sent_again(world):
    """The same octets: what was wrong was a setting, and the notice said to mend it and send again."""
    sender = "tanaka@small.example"
    mail = files("a.pdf", octets=b"x" * 1500, sender=sender.encode())

    def sent():
        with smtplib.SMTP("127.0.0.1", world.fubako.starttls, timeout=120) as smtp:
            smtp.ehlo("company.example"), smtp.mail(sender), smtp.rcpt(TO)
            code, reply = smtp.data(mail)
        assert code == 250, reply
        return re.search(rb"[0-9a-f-]{36}", reply)[0].decode()

    def apply(section):
        again = world.fubako.folder / "small.toml"
        again.write_text(section)
        world.fubako.run("apply", again)

    there, told = len(world.mailboxes.raw(TO)), len(world.mailboxes.raw(sender))
    first = sent()
    assert "(files-too-large)" in harness.bodies(world.mailboxes.wait(sender, told + 1)[told])[0]
    apply(SECTIONS["small"].replace("1000", "2000"))
    try:
        second = sent()
        assert second != first
        world.mailboxes.wait(TO, there + 2)
        assert sent() == second, "it is done: the upstream that did not see our 250 is told it again"
        harness.wait_for("nothing is under way", lambda: all(row["state"] == "held" for row in world.fubako.queue()))
    finally:
        apply(SECTIONS["small"])
    assert (len(world.mailboxes.raw(TO)), len(world.mailboxes.raw(sender))) == (there + 2, told + 1)


# spec: MAIL-NONE
def test_a_mail_without_files_is_not_checked(world):
    there = len(world.mailboxes.raw(TO))
    for sender in ("tanaka@acme.example", "outside@acme.example", "tanaka@groupless.example", "tanaka@pilotless.example"):
        world.submit(sender, mails.head(mails.encoded("長" * 201), sender=sender.encode()) + b"\r\nno file\r\n", [TO])
    world.mailboxes.wait(TO, there + 4)


# spec: MAIL-SENDER
@pytest.mark.parametrize("sender, depositor, as_default_user", [
    ("tanaka@small.example", "mail-link", True), ("mail-link@acme.example", "mail-link", False),
    # Whose password was reset has yet to choose one; their mail is theirs all the same.
    ("tanaka@reset.example", "tanaka", False),
])
def test_who_deposits_is_noted(world, sender, depositor, as_default_user):
    there = len(world.mailboxes.raw(TO))
    world.submit(sender, files("a.pdf", sender=sender.encode()), [TO])
    world.mailboxes.wait(TO, there + 2)
    [[deposit, login, is_default]] = world.read("SELECT id, depositor, as_default_user FROM deposits WHERE sender_address = ? ORDER BY created_at DESC LIMIT 1", sender)
    assert (login, bool(is_default)) == (depositor, as_default_user)
    for event in ("deposit begun", "deposit sent"):
        [line] = [line for line in world.fubako.log.read_text().splitlines() if event in line and deposit in line]
        assert depositor in line, line


# spec: RCV-LOOP
def test_a_mail_that_goes_round_is_refused(world):
    """What we relayed comes back to us for the same recipient; and a mail of which nobody knows where it has been."""
    there = len(world.mailboxes.raw(TO))
    world.submit("tanaka@acme.example", mails.head() + b"\r\nround and round\r\n", [TO])
    relayed = world.mailboxes.wait(TO, there + 1) and world.mailboxes.raw(TO)[there]
    trace = b"Received: from a.example by b.example; Sat, 21 Nov 2026 10:00:00 +0900\r\n"
    for mail in (relayed, trace * 101 + mails.head() + b"\r\nfar\r\n"):
        with smtplib.SMTP("127.0.0.1", world.fubako.starttls, timeout=120) as smtp:
            smtp.ehlo("company.example"), smtp.mail("tanaka@acme.example"), smtp.rcpt(TO)
            code, reply = smtp.data(mail)
        assert code == 554 and reply.startswith(b"5.4.6 "), reply
    world.submit("tanaka@acme.example", trace * 40 + mails.head() + b"\r\nnot too far\r\n", [TO])
    world.mailboxes.wait(TO, there + 2)
