"""The real path: Postfix as the company's mail server, Fubako, another Postfix with real mailboxes, Chromium at the end."""
import email.policy
import email.utils
import re
import smtplib
import subprocess
import unicodedata
import zipfile

import dkim
import pytest

import harness
import mails


def password_in(mail):
    """The file password, as a person finds it: 15 characters alone on their line or in their element."""
    text, html = harness.bodies(mail)
    found = {word for word in re.findall(r"[!-~]{15}(?![!-~])", text) if looks_like_password(word)}
    assert len(found) == 1, (found, text)
    return found.pop()


def looks_like_password(word):
    kinds = (r"[A-Z]", r"[a-z]", r"[0-9]", r"[!#$%*+=?@_-]")
    return all(re.search(kind, word) for kind in kinds) and not re.search(r"[/:.<>]", word)


def relayed_and_notice(mailboxes, address, before):
    """The relayed mail and the deposit notice of one deposit."""
    arrived = mailboxes.wait(address, before + 2)[before:]
    notices = [m for m in arrived if "/d/" in "".join(harness.bodies(m))]
    others = [m for m in arrived if m not in notices]
    assert len(notices) == 1 and len(others) == 1, [m["subject"] for m in arrived]
    return others[0], notices[0]


def fetch(browser, notice, password, files):
    """Opens the link, types the password, downloads each file by a click; the digests must be those that were sent."""
    browser.open(harness.link_in(notice))
    browser.type_password(password)
    links = browser.links("/files/")
    assert len(links) == len(files), browser.text()
    came = {}
    for link in links:
        name, digest = browser.download(link)
        came[unicodedata.normalize("NFC", name)] = digest
    assert sorted(came.values()) == sorted(files.values())
    return came


# spec: MAIL-EXTRACT MAIL-NAMES MAIL-DEPOSIT MAIL-REBUILD MAIL-CID MAIL-NOTICE MAIL-RELAY ACCESS X-NOTICE X-RECEIVE
def test_a_mail_with_everything_comes_back_identical(fubako, company, mailboxes, browser, folder):
    mail, files = mails.everything()
    before = {a: len(mailboxes.raw(a)) for a in ("suzuki@recipient.example", "sato@cc.example", "himitsu@bcc.example")}
    with smtplib.SMTP("127.0.0.1", company.port) as smtp:
        smtp.sendmail("tanaka@acme.example", list(before), mail, mail_options=["BODY=8BITMIME"])

    links = {}
    for address, count in before.items():
        relayed, notice = relayed_and_notice(mailboxes, address, count)
        assert str(relayed["subject"]) == "【ご確認】お見積書の件"
        assert relayed["message-id"] == re.search(rb"Message-ID: (\S+)", mail)[1].decode()
        assert str(relayed["from"].addresses[0].display_name) == "田中 太郎"
        assert [a.addr_spec for a in relayed["to"].addresses] == ["suzuki@recipient.example"]
        assert [a.addr_spec for a in relayed["cc"].addresses] == ["sato@cc.example"]
        assert not list(relayed.iter_attachments())
        text, html = harness.bodies(relayed)
        assert "いつもお世話になっております。" in text and "いつもお世話になっております。" in html
        assert "cid:" not in html and "配置図" in html
        password = password_in(relayed)
        assert text.count(password) == 1 and html.replace("&#", "").count(password.split("&")[0].split("<")[0]) >= 1
        assert f"[Fubako] 【ご確認】お見積書の件" in text
        assert str(notice["subject"]) == "[Fubako] 【ご確認】お見積書の件"
        assert [a.addr_spec for a in notice["to"].addresses] == [address]
        assert all(name in harness.bodies(notice)[0] for name in files)
        links[address] = harness.link_in(notice)
        assert password not in "".join(harness.bodies(notice))

    assert len(set(links.values())) == 3, "each recipient has a link of their own"
    # Bcc nowhere to be seen: not by the others, in no mail that anybody but the Bcc got.
    for address in ("suzuki@recipient.example", "sato@cc.example"):
        for raw in mailboxes.raw(address)[before[address]:]:
            assert b"himitsu" not in raw
    came = fetch(browser, relayed_and_notice(mailboxes, "suzuki@recipient.example", before["suzuki@recipient.example"])[1], password, files)
    assert {n.replace(" ", "_") for n in came} == {n.replace(" ", "_") for n in files}


# spec: RCV-TLS
def test_swaks_through_the_tls_wrapper(fubako, company_tls, mailboxes, browser, folder):
    octets = mails.pdf()
    path = folder / "見積 swaks.pdf"
    path.write_bytes(octets)
    before = len(mailboxes.raw("suzuki@recipient.example"))
    done = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{company_tls.port}", "--from", "tanaka@acme.example", "--to", "suzuki@recipient.example",
         "--header", "Subject: from swaks", "--body", "Please find the file attached.", "--attach-type", "application/pdf",
         "--attach", f"@{path}", "--silent", "2"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    relayed, notice = relayed_and_notice(mailboxes, "suzuki@recipient.example", before)
    assert "Please find the file attached." in harness.bodies(relayed)[0]
    fetch(browser, notice, password_in(relayed), {path.name: mails.sha(octets)})
    assert "TLS connection established" in company_tls.said()


# spec: MAIL-NONE
def test_a_mail_without_attachments_goes_on_as_it_was(fubako, company, mailboxes):
    body = b"Hello,\r\n\r\n.a line with a dot\r\n" + b"x" * 900 + b"\r\n" + "日本語の行\r\n".encode()
    mail = (mails.head(b"plain", extra=b"Bcc: himitsu@bcc.example\r\nDisposition-Notification-To: tanaka@acme.example\r\nX-Kept: yes\r\n")
            + b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body)
    before = len(mailboxes.raw("suzuki@recipient.example"))
    with smtplib.SMTP("127.0.0.1", company.port) as smtp:
        smtp.sendmail("tanaka@acme.example", ["suzuki@recipient.example"], mail, mail_options=["BODY=8BITMIME"])
    raw = mailboxes.wait("suzuki@recipient.example", before + 1) and mailboxes.raw("suzuki@recipient.example")[before]
    raw = raw.replace(b"\r\n", b"\n")
    head, _, rest = raw.partition(b"\n\n")
    assert rest == body.replace(b"\r\n", b"\n")
    assert b"X-Kept: yes" in head and b"himitsu" not in raw and b"Disposition-Notification-To" not in head
    assert head.count(b"DKIM-Signature:") == 2 and b"by gateway.acme.example with ESMTPS" in re.sub(rb"\s+", b" ", head)


# spec: MAIL-SIGN
@pytest.mark.parametrize("kind", ["deposit", "deposit notice", "plain"])
def test_another_verifier_accepts_both_signatures(fubako, company, mailboxes, kind):
    records = fubako.dns_records()
    assert {n.split('.', 2)[2] for n in records} == {'acme.example', 'gateway.acme.example'}, fubako.applied
    lookup = lambda name, timeout=5: records.get(name.decode().rstrip("."), "").encode() or None
    before = len(mailboxes.raw("suzuki@recipient.example"))
    if kind == "plain":
        mail = mails.head(b"signed") + b"\r\nhello\r\n"
    else:
        mail = mails.multipart(mails.head(mails.encoded("署名")), [
            (b"Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n", mails.b64("本文です。".encode())),
            mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', mails.pdf())])
    with smtplib.SMTP("127.0.0.1", company.port) as smtp:
        smtp.sendmail("tanaka@acme.example", ["suzuki@recipient.example"], mail)
    count = 1 if kind == "plain" else 2
    mailboxes.wait("suzuki@recipient.example", before + count)
    raws = mailboxes.raw("suzuki@recipient.example")[before:]
    signed_by = b"d=gateway.acme.example" if kind == "deposit notice" else b"d=acme.example"
    [raw] = [r for r in raws if (b"/d/" in r) == (kind == "deposit notice") and signed_by in r]
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    verifier = dkim.DKIM(raw)
    signatures = [v for n, v in verifier.headers if n.lower() == b"dkim-signature"]
    algorithms = {re.search(rb"a=([a-z0-9-]+)", s)[1] for s in signatures}
    assert algorithms == {b"rsa-sha256", b"ed25519-sha256"}
    for index in range(len(signatures)):
        assert verifier.verify(idx=index, dnsfunc=lookup), signatures[index]
        assert b" l=" not in signatures[index]
    # And it does not accept a changed mail.
    assert dkim.verify(raw, dnsfunc=lookup)
    assert not dkim.verify(raw.replace(b"\r\n\r\n", b"\r\n\r\nx", 1), dnsfunc=lookup)


# spec: RCV-TENANT
def test_nobody_else_relays(fubako):
    with smtplib.SMTP("127.0.0.1", fubako.starttls) as smtp:
        smtp.starttls()
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            smtp.sendmail("somebody@elsewhere.example", ["suzuki@recipient.example"], mails.head() + b"\r\nhi\r\n")
        assert refused.value.smtp_code == 550
        smtp.rset()
        with pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.sendmail("tanaka@acme.example", ["suzuki@recipient.example"],
                          mails.head(sender=b"ceo@elsewhere.example") + b"\r\nhi\r\n")
        assert refused.value.smtp_code == 550
        smtp.rset()
        # An automatic answer has no sender: its author and the host's name speak for it.
        with pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.sendmail("", ["suzuki@recipient.example"], mails.head(sender=b"ceo@elsewhere.example") + b"\r\nhi\r\n")
        assert refused.value.smtp_code == 550


# spec: X-RECEIVE X-LANG
@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
@pytest.mark.parametrize("lang", ["ja", "en"])
def test_axe_finds_nothing_serious(fubako, company, mailboxes, browser, size, lang):
    before = len(mailboxes.raw("suzuki@recipient.example"))
    mail = mails.multipart(mails.head(mails.encoded("ページの確認")), [
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="' + b"a" * 120 + b'.pdf"\r\n', mails.pdf())])
    with smtplib.SMTP("127.0.0.1", company.port) as smtp:
        smtp.sendmail("tanaka@acme.example", ["suzuki@recipient.example"], mail)
    relayed, notice = relayed_and_notice(mailboxes, "suzuki@recipient.example", before)
    link = harness.link_in(notice)
    with browser.screen(*size):
        browser.open(f"{link}?lang={lang}")
        assert browser.driver.find_element("tag name", "html").get_attribute("lang") == lang
        assert browser.axe() == [] and browser.sideways() == (size[0], 0)
        browser.type_password("wrong-password!")
        assert browser.axe() == [] and browser.sideways() == (size[0], 0)
        assert not browser.links("/files/")
        browser.type_password(password_in(relayed))
        assert browser.links("/files/")
        assert browser.axe() == [] and browser.sideways() == (size[0], 0)
        # It would show: the same page with something too wide in it.
        browser.driver.execute_script("document.querySelector('main').style.minWidth = '1400px'")
        assert browser.sideways() > (size[0], 100)


# spec: X-RECEIVE
def test_the_page_works_without_javascript(fubako, company, mailboxes, folder):
    from browser import Browser
    octets = {name: mails.pdf() for name in ("a.pdf", "b.pdf")}
    mail = mails.multipart(mails.head(b"no script"), [
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="' + name.encode() + b'"\r\n', some)
        for name, some in octets.items()])
    before = len(mailboxes.raw("suzuki@recipient.example"))
    with smtplib.SMTP("127.0.0.1", company.port) as smtp:
        smtp.sendmail("tanaka@acme.example", ["suzuki@recipient.example"], mail)
    relayed, notice = relayed_and_notice(mailboxes, "suzuki@recipient.example", before)
    browser = Browser(folder / "browser-without-scripts", scripts=False)
    try:
        browser.open("data:text/html,<p id=p>no</p><script>document.getElementById('p').textContent='yes'</script>")
        assert browser.text() == "no", "scripts run in this browser"
        fetch(browser, notice, password_in(relayed), {name: mails.sha(some) for name, some in octets.items()})
        [everything] = browser.links("/all.zip")
        name, _ = browser.download(everything)
        with zipfile.ZipFile(browser.downloads / name) as archive:
            assert {n: archive.read(n) for n in archive.namelist()} == octets
    finally:
        browser.stop()
