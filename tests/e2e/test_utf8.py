"""Addresses beyond ASCII (RFC 6531, 6532): the whole way of a mail given with SMTPUTF8."""
import contextlib
import re
import smtplib
import sqlite3

import pytest

import harness
import mails

TO, TANAKA, SATO = "suzuki@recipient.example", "田中@acme.example", "佐藤@会社.example"
WIRE = SATO.split("@")[0] + "@" + SATO.split("@")[1].encode("idna").decode()
DECLARATION = harness.SECTION.replace('domains = ["acme.example"]', 'domains = ["acme.example", "会社.example"]') + f"""
[[section.user]]
login_id = "tanaka"
address = "{TANAKA}"
group = "メール連携"
"""


@pytest.fixture(scope="module")
def world(folder):
    boxes = harness.Mailboxes(folder, [TO, TANAKA, SATO], name="utf8-boxes").start()
    dns = harness.Dns({("会社.example".encode("idna").decode(), "TXT"): [harness.SPF]})
    fubako = harness.Fubako(folder / "utf8", {
        "relay": {"smarthost": f"127.0.0.1:{boxes.port}"}, "dns": {"servers": [f"127.0.0.1:{dns.port}"]}}, DECLARATION).start()
    yield fubako, boxes
    fubako.stop()
    boxes.stop()
    dns.stop()


def send(fubako, sender, mail, options=("SMTPUTF8", "BODY=8BITMIME")):
    with smtplib.SMTP("127.0.0.1", fubako.starttls, timeout=60) as smtp:
        smtp.ehlo("client.example")
        smtp.command_encoding = "utf-8"
        code, text = smtp.mail(sender, list(options))
        if code == 250:
            assert smtp.rcpt(TO)[0] == 250
            code, text = smtp.data(mail)
    return f"{code} {text.split()[0].decode()}"


def head(sender, subject):
    return mails.head(subject, sender=sender.encode())


def with_file(sender, subject, body="本文です\r\n".encode()):
    return mails.multipart(head(sender, subject), [
        (b"Content-Type: text/html; charset=UTF-8\r\n", body),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', mails.pdf(2000))])


def arrived(boxes, address, subject):
    def found():
        return [raw for raw in boxes.raw(address) if b"Subject: " + subject in raw]
    [raw] = harness.wait_for(f"{subject} arrives at {address}", found)
    return raw


# spec: RCV-ESMTP RCV-ALIGN MAIL-NONE MAIL-REBUILD MAIL-SENDER
@pytest.mark.parametrize("sender, envelope", [(TANAKA, TANAKA), (SATO, SATO), (WIRE, SATO), (SATO, WIRE)])
@pytest.mark.parametrize("make", [lambda sender, subject: head(sender, subject) + b"\r\nhello\r\n", with_file], ids=["plain", "with_file"])
def test_an_author_beyond_ascii(world, make, sender, envelope):
    fubako, boxes = world
    subject = mails.os.urandom(6).hex().encode()
    assert send(fubako, envelope, make(sender, subject)) == "250 2.0.0"
    raw = arrived(boxes, TO, subject)
    [author] = re.findall(rb"(?m)^From: (?:[^<]|\n[ \t])*<(.*)>", raw)
    assert author.decode() in {sender, WIRE if sender == SATO else sender}, author
    assert (b"application/pdf" in raw) is False
    if make is with_file:
        with contextlib.closing(sqlite3.connect(f"file:{fubako.data / 'fubako.db'}?mode=ro", uri=True, timeout=30)) as database:
            rows = database.execute("SELECT depositor FROM deposits WHERE subject = ?", (subject.decode(),)).fetchall()
        assert rows == [("tanaka" if sender == TANAKA else "mail-link",)]


# spec: RCV-ALIGN RCV-ESMTP
def test_who_is_refused_all_the_same(world):
    fubako, _ = world
    plain = lambda sender: head(sender, b"no") + b"\r\nhello\r\n"
    assert send(fubako, "田中@acme.example", plain("田中@elsewhere.example")) == "550 5.7.1"
    assert send(fubako, "田中@acme.example", plain("田中@acme.example, 佐藤@evil.example")) == "550 5.6.0"
    assert send(fubako, "田中@elsewhere.example", plain("田中@elsewhere.example")) == "550 5.7.1"
    for odd in ("tanaka@ａcme.example", "tanaka@acme。example", "tanaka@acme\u200b.example", "ta\u200bnaka@acme.example"):
        assert send(fubako, TANAKA, plain(odd)) == "550 5.6.0", odd
    assert send(fubako, "tanaka@acme.example", plain(TANAKA), ()) == "550 5.6.0", "whose octets may mean anything"


# spec: NOTICE MAIL-SENDER
@pytest.mark.parametrize("sender", [TANAKA, SATO])
def test_a_notice_reaches_a_sender_beyond_ascii(world, sender):
    fubako, boxes = world
    subject = mails.os.urandom(6).hex().encode()
    body = b'<p><img src="data:image/png;base64,AAAA"></p>'
    assert send(fubako, sender, with_file(sender, subject, body)) == "250 2.0.0"

    def notices():
        return [mail for mail in boxes.mails(sender) if subject.decode() in mail.get_body(("plain",)).get_content()]
    [notice] = harness.wait_for("the notice", notices)
    assert notice["Auto-Submitted"] == "auto-replied" and sender.split("@")[0] in notice["To"]
    assert not [raw for raw in boxes.raw(TO) if subject in raw]
