"""Bad input and bad luck: each with a clear answer, nothing lost."""
import contextlib
import os
import pathlib
import re
import smtplib
import sqlite3
import subprocess
import time

import pytest

import harness
import mails

TO = "suzuki@recipient.example"
FROM = "tanaka@acme.example"


def connect(fubako):
    smtp = smtplib.SMTP("127.0.0.1", fubako.starttls, timeout=120)
    smtp.starttls()
    return smtp


def submit(fubako, mail, to=(TO,)):
    with connect(fubako) as smtp:
        return smtp.sendmail(FROM, list(to), mail)


def refused(fubako, mail):
    with connect(fubako) as smtp:
        with pytest.raises(smtplib.SMTPResponseException) as error:
            smtp.sendmail(FROM, [TO], mail)
        return error.value.smtp_code, error.value.smtp_error.decode()


def told(mailboxes, before):
    """The mail that the sender got."""
    return mailboxes.wait(FROM, before + 1)[before]


def one_file(subject=b"file", name=b"a.pdf", octets=None):
    octets = octets or mails.pdf()
    return mails.multipart(mails.head(subject), [
        (b"Content-Type: text/plain; charset=UTF-8\r\n", b"see the file"),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="' + name + b'"\r\n', octets)])


def test_what_is_not_a_mail_is_refused(fubako):
    code, text = refused(fubako, b"\x00\x01\x02 this is no mail at all\r\n\r\n" + os.urandom(2000).replace(b"\r", b"").replace(b"\n", b""))
    assert code == 550 and "5.6.0" in text
    code, text = refused(fubako, b"\r\n\r\n\r\n")
    assert code == 550, text


def test_a_mail_cut_in_mid_part_is_delivered_with_what_it_has(fubako, mailboxes, browser):
    from test_path import fetch, password_in, relayed_and_notice
    before = len(mailboxes.raw(TO))
    octets = mails.pdf(3000)
    whole = one_file(b"cut", octets=octets)
    # Within the file's base64, behind 2,001 octets of it: 35 whole lines of 57, and six.
    encoded = mails.b64(octets[:2001]).rstrip()
    cut = whole.index(encoded) + len(encoded)
    submit(fubako, whole[:cut])
    relayed, notice = relayed_and_notice(mailboxes, TO, before)
    assert "see the file" in harness.bodies(relayed)[0] and not list(relayed.iter_attachments())
    assert "a.pdf" in harness.bodies(notice)[0]
    # What there is of it, and nothing made up.
    assert fetch(browser, notice, password_in(relayed), {"a.pdf": mails.sha(octets[:2001])})


# spec: MAIL-AMBIGUOUS NOTICE
@pytest.mark.parametrize("what", ["nested", "many"])
def test_a_structure_too_deep_or_too_wide_is_held_and_its_sender_told(fubako, mailboxes, what):
    if what == "nested":
        mail = mails.head(b"deep")
        for level in range(1000):
            mail += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        mail += b"\r\nbottom\r\n"
    else:
        mail = mails.head(b"wide") + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n\r\n" * 20_000 + b"--b--\r\n"
    before, there = len(mailboxes.raw(FROM)), len(mailboxes.raw(TO))
    submit(fubako, mail)
    notice = told(mailboxes, before)
    text, _ = harness.bodies(notice)
    assert "ambiguous" in text and notice["auto-submitted"] == "auto-replied"
    assert notice["return-path"] in ("<>", None)
    reference = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", text)[0]
    assert reference in fubako.log.read_text(), "the reference number stands in the log"
    assert len(mailboxes.raw(TO)) == there


def test_a_header_of_two_mebibytes_is_refused(fubako):
    code, text = refused(fubako, mails.head(extra=b"".join(b"X-%d: %s\r\n" % (i, b"y" * 900) for i in range(2300))) + b"\r\nhi\r\n")
    assert code == 552 and "header" in text


# spec: RCV-SIZE
def test_a_mail_of_41_mebibytes_is_refused(fubako):
    mail = mails.head() + b"\r\n" + (b"x" * 998 + b"\r\n") * (41 * 1024 * 1024 // 1000)
    code, text = refused(fubako, mail)          # smtplib declares SIZE: refused at MAIL
    assert code == 552 and "5.3.4" in text
    with connect(fubako) as smtp:
        smtp.ehlo()
        smtp.mail(FROM)                         # no SIZE declared: refused after the data
        smtp.rcpt(TO)
        code, text = smtp.data(mail)
        assert code == 552 and b"5.3.4" in text and b"long" in text


def field_in_a_pictures_place():
    """Seen in writing alone: a line that is a field to some once the picture is gone. The mail is written once more then, and so is the one that is given back."""
    html = b'<p>Look:</p>\r\n<img alt="Content-Type is set here" src="cid:p@x">\r\n'
    picture = b"Content-Type: image/png; name=p.png\r\nContent-ID: <p@x>\r\n"
    return mails.multipart(mails.head(b"refused"), [(b"Content-Type: text/html; charset=utf-8\r\n", html), (b"Content-Type: text/plain\r\n", b"see above\r\n"), mails.attachment(picture, b"ABC")])


# spec: MAIL-BOUNCE, MAIL-AMBIGUOUS
@pytest.mark.parametrize("mail", [one_file(b"refused"), field_in_a_pictures_place()], ids=["text", "veiled"])
def test_a_recipient_that_the_next_hop_refuses(fubako, mailboxes, mail):
    before, there = len(mailboxes.raw(FROM)), len(mailboxes.raw(TO))
    submit(fubako, mail, to=(TO, "nobody@recipient.example"))
    # The mail and its deposit notice are two mails, and the sender is told of the address once.
    report = mailboxes.wait(FROM, before + 1)[before]
    assert report.get_content_type() == "multipart/report"
    status = next(p for p in report.walk() if p.get_content_type() == "message/delivery-status")
    fields = [dict(block.items()) for block in status.get_payload()]
    failed = [f for f in fields if "Final-Recipient" in f]
    assert [f["Action"] for f in failed] == ["failed"] and "nobody@recipient.example" in failed[0]["Final-Recipient"]
    assert failed[0]["Status"].startswith("5.")
    # The mail that we relayed is attached, without the file password that the other recipient has.
    relayed = next(m for m in mailboxes.wait(TO, there + 2)[there:] if "/d/" not in "".join(harness.bodies(m)))
    from test_path import password_in
    returned = next(p for p in report.walk() if p.get_content_type() == "message/rfc822").get_payload(0)
    returned_text = "".join(harness.bodies(returned))
    assert password_in(relayed) not in returned_text and "***************" in returned_text
    if b"Content-Type is set here" in mail:
        for written in (relayed, returned):
            assert re.search(r"^ .*Content-Type is set here", "".join(harness.bodies(written)), re.MULTILINE), harness.bodies(written)
    harness.wait_for("nothing is under way", lambda: all(row["state"] == "held" for row in fubako.queue()))
    time.sleep(3)
    assert len(mailboxes.raw(FROM)) == before + 1


# spec: MAIL-RELAY RCV-DURABLE
def test_the_next_hop_is_down_and_we_are_killed_and_nothing_is_lost(folder):
    mailboxes = harness.Mailboxes(folder, [TO, FROM], name="down")
    fubako = harness.Fubako(folder / "down-fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}).start()
    try:
        submit(fubako, one_file(b"patience", octets=SECRET))
        rows = harness.wait_for("the queue says why", lambda: [r for r in fubako.queue() if r["attempts"] > 0 and r["reason"]])
        assert {r["stage"] for r in rows} <= {"relay", "deposit-notice"}
        not_on_the_disk(fubako, SECRET)
        fubako.stop(how=9)
        mailboxes.start()
        fubako.start()
        for row in fubako.queue():
            fubako.run("queue", "retry", row["id"], check=False)
        arrived = mailboxes.wait(TO, 2)
        time.sleep(3)
        assert len(mailboxes.raw(TO)) == 2, "nothing twice"
        harness.wait_for("the queue is empty", lambda: not fubako.queue())
    finally:
        fubako.stop()
        mailboxes.stop()


@pytest.fixture
def small_disk(folder):
    if os.geteuid() != 0:
        pytest.skip("a small file system can only be mounted as root")
    disk = folder / "small"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)
    disk.rmdir()


def refused_for_now(fubako, mail):
    with connect(fubako) as smtp:
        with pytest.raises(smtplib.SMTPResponseException) as error:
            smtp.sendmail(FROM, [TO], mail)
    return error.value.smtp_code


# spec: RCV-DURABLE
def test_a_full_disk_loses_nothing(folder, mailboxes, small_disk):
    fubako = harness.Fubako(folder / "full-fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"},
                                                     "files": {"url": f"file:{small_disk}/files"}}).start()
    try:
        assert refused_for_now(fubako, one_file(b"too big for the disk", octets=os.urandom(14_000_000))) == 452
        before = len(mailboxes.raw(TO))
        submit(fubako, one_file(b"small enough"))
        mailboxes.wait(TO, before + 2)
    finally:
        fubako.stop()


# spec: RCV-DURABLE
def test_a_full_disk_under_the_database_loses_nothing(folder, mailboxes, small_disk):
    fubako = harness.Fubako(small_disk / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}})
    # The log is not what this is about.
    (fubako.folder / "fubako.log").symlink_to(folder / "full-database.log")
    fubako.start()
    try:
        before = len(mailboxes.raw(TO))
        submit(fubako, one_file(b"before"))
        mailboxes.wait(TO, before + 2)
        ballast = small_disk / "ballast"
        with contextlib.suppress(OSError), open(ballast, "wb") as full:
            while True:
                full.write(b"\0" * 4096)
                full.flush()
        assert refused_for_now(fubako, one_file(b"no room")) in (451, 452)
        assert fubako.process.popen.poll() is None
        ballast.unlink()
        submit(fubako, one_file(b"room again"))
        arrived = mailboxes.wait(TO, before + 4)[before:]
        assert sorted(str(m["subject"]).removeprefix("[Fubako] ") for m in arrived) == ["before", "before", "room again", "room again"]
    finally:
        fubako.stop()


SECRET = b"".join(b"row %06d of the secret table;" % i for i in range(20_000))


def not_on_the_disk(fubako, secret):
    """No sixteen octets of it: spool, files, database."""
    stored = [p.read_bytes() for p in pathlib.Path(fubako.data).rglob("*") if p.is_file()]
    assert sum(map(len, stored)) > len(secret)
    for start in range(0, len(secret) - 16, 4099):
        needle = secret[start:start + 16]
        assert not any(needle in octets for octets in stored)


# spec: KEEP-CRYPT
def test_no_sixteen_octets_of_a_file_lie_on_the_disk(fubako, mailboxes):
    before = len(mailboxes.raw(TO))
    submit(fubako, one_file(b"secret", octets=SECRET))
    mailboxes.wait(TO, before + 2)
    not_on_the_disk(fubako, SECRET)
