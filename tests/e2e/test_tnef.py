"""winmail.dat through the real binary: opened, and its files come back; damaged, it is deposited as it came (MAIL-TNEF)."""
import email
import email.policy
import hashlib
import json
import smtplib
import struct
import subprocess

import harness
import mails
from test_path import fetch, password_in, relayed_and_notice

TO = "suzuki@recipient.example"


def attribute(level, number, data):
    return struct.pack("<BII", level, number, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(*rows):
    """MAPI properties, each (id, type, value)."""
    out = struct.pack("<I", len(rows))
    for number, kind, value in rows:
        out += struct.pack("<HH", kind, number)
        out += struct.pack("<II", 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def text(value):
    return 0x001F, (value + "\0").encode("utf-16-le")


def winmail(files, body=()):
    """A TNEF stream; files are (name in code page 932, name in Unicode or None, octets)."""
    out = struct.pack("<IH", 0x223E9F78, 1)
    out += attribute(1, 0x00089006, struct.pack("<I", 0x00010000)) + attribute(1, 0x00069007, struct.pack("<II", 932, 0))
    out += attribute(1, 0x00078008, b"IPM.Microsoft Mail.Note\0") + (attribute(1, 0x00069003, properties(*body)) if body else b"")
    for name, long_name, octets in files:
        out += attribute(2, 0x00069002, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 0, 0, 0)) + attribute(2, 0x0006800F, octets)
        out += attribute(2, 0x00018010, name.encode("cp932") + b"\0")
        if long_name:
            out += attribute(2, 0x00069005, properties((0x3707, *text(long_name))))
    return out


FILES = [("見積書.pdf", None, mails.pdf(seed=b"1")), ("SIYOU~1.XLS", "仕様表(最終版)能力.xlsx", mails.pdf(40_001, seed=b"2"))]


def carrying(stream, subject=b"tnef", headers=b'Content-Type: application/ms-tnef; name="winmail.dat"\r\n', first=True):
    body = (b"Content-Type: text/plain; charset=utf-8\r\n", "いつもお世話になっております。\r\n".encode())
    parts = [body] if first else []
    return mails.multipart(mails.head(subject), [mails.part(*p) for p in parts + [mails.attachment(headers, stream)]])


def send(company, mail):
    with smtplib.SMTP("127.0.0.1", company.port) as smtp:
        smtp.sendmail("tanaka@acme.example", [TO], mail)


# spec: MAIL-TNEF, MAIL-NAMES
def test_the_files_in_winmail_dat_come_back(fubako, company, mailboxes, browser):
    before = len(mailboxes.raw(TO))
    send(company, carrying(winmail(FILES)))
    relayed, notice = relayed_and_notice(mailboxes, TO, before)
    said = harness.bodies(relayed)[0]
    assert "いつもお世話になっております。" in said and "winmail" not in said and not list(relayed.iter_attachments())
    expected = {"見積書.pdf": mails.sha(FILES[0][2]), "仕様表(最終版)能力.xlsx": mails.sha(FILES[1][2])}
    assert all(name in harness.bodies(notice)[0] for name in expected)
    assert fetch(browser, notice, password_in(relayed), expected) == expected


# spec: MAIL-TNEF
def test_a_damaged_one_is_deposited_as_it_came(fubako, company, mailboxes, browser):
    stream = bytearray(winmail(FILES))
    stream[-100] ^= 1
    before = len(mailboxes.raw(TO))
    send(company, carrying(bytes(stream), b"damaged"))
    relayed, notice = relayed_and_notice(mailboxes, TO, before)
    fetch(browser, notice, password_in(relayed), {"winmail.dat": mails.sha(bytes(stream))})


def inspected(folder, mail):
    path = folder / "mail.eml"
    path.write_bytes(mail)
    done = subprocess.run([str(harness.BINARY), "inspect", str(path), "--json", "--rewrite", str(folder / "out")], capture_output=True, text=True, timeout=60, check=True)
    written = [p for p in (folder / "out").rglob("*.eml")] if (folder / "out").exists() else []
    left = email.message_from_bytes(written[0].read_bytes(), policy=email.policy.default) if written else None
    return json.loads(done.stdout), left


# spec: MAIL-TNEF
def test_inspect_shows_what_is_in_it(tmp_path):
    line, left = inspected(tmp_path, carrying(winmail(FILES), headers=b"Content-Type: text/plain\r\n"))
    assert line["decision"] == "deposit"
    assert [(a["name"], a["size"], a["sha256"]) for a in line["attachments"]] == [
        (long_name or name, len(octets), hashlib.sha256(octets).hexdigest()) for name, long_name, octets in FILES]
    assert "winmail" not in left.get_body().get_content() and not list(left.iter_attachments())


# spec: MAIL-TNEF
def test_one_without_files_is_taken_out_and_its_body_used_where_the_mail_has_none(tmp_path):
    stream = winmail([], [(0x1000, *text("本文です。\r\n"))])
    line, left = inspected(tmp_path, carrying(stream))
    assert (line["decision"], line["attachments"]) == ("relay", []) and b"tnef" not in left.as_bytes().replace(b"Subject: tnef", b"")
    assert left.get_content_type() == "text/plain" and "いつもお世話になっております。" in left.get_content() and "Fubako" not in left.get_content()
    line, left = inspected(tmp_path, carrying(stream, first=False))
    assert (line["decision"], [b["media_type"] for b in line["bodies"]]) == ("relay", ["text/plain"])
    assert "本文です。" in left.get_body().get_content()


# spec: MAIL-TNEF, 3.4a
def test_a_body_in_it_is_looked_at_as_any_other(tmp_path):
    html = "<p>x</p><img src='data:image/png;base64,AA'>".encode()
    stream = winmail(FILES, [(0x1013, 0x0102, html)])
    assert inspected(tmp_path, carrying(stream, first=False))[0]["codes"] == ["data-url"]
    assert inspected(tmp_path, carrying(stream))[0]["decision"] == "deposit"
    assert inspected(tmp_path, carrying(winmail([("smime.p7m", None, b"x")])))[0]["codes"] == ["encrypted"]
