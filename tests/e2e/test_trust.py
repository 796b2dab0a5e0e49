"""Whether a mail is genuine (spec 3.1): SPF, DKIM, alignment and the three proofs, over SMTP and a real DNS server."""
import base64
import contextlib
import email.headerregistry
import email.utils
import random
import re
import smtplib
import subprocess
import time

import dkim
import pytest

import harness
import mails

TO = "suzuki@recipient.example"
SECRET = "correct-horse-battery-staple"
GATEWAY = "gateway.acme.example"
# The provider sends for everybody from 127.0.0.1; 127.0.0.9 is nobody's.
DECLARATION = harness.SECTION.replace('domains = ["acme.example"]', 'domains = ["acme.example", "acme.test"]') + f"""
[[section]]
id = "wise"
name = "ワイズ銀行"
mail_link = true
autopilot = true
domains = ["wise.example"]
settings = {{ proof = "dkim" }}
{harness.DEPOSITOR}
[[section]]
id = "cloud"
name = "クラウド商事"
mail_link = true
autopilot = true
domains = ["cloud.example"]
secret = "{SECRET}"
settings = {{ proof = "secret-header", secret_header = "X-Cloud-Proof" }}
{harness.DEPOSITOR}
[[section]]
id = "rival"
name = "同じ事業者の別の顧客"
mail_link = true
autopilot = true
domains = ["rival.example", "sub.cloud.example"]
secret = "{SECRET[::-1]}"
settings = {{ proof = "secret-header", secret_header = "X-Cloud-Proof" }}
{harness.DEPOSITOR}
"""
PROVIDER = '"v=spf1 include:spf.provider.example -all"'


class Key:
    """An RSA key by openssl."""

    def __init__(self, folder, name):
        path = folder / f"{name}.key"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", path, "2048"], check=True, capture_output=True)
        der = subprocess.run(["openssl", "rsa", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        self.private = path.read_bytes()
        text = "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()
        self.record = " ".join(f'"{text[i:i + 200]}"' for i in range(0, len(text), 200))


class World:
    def __init__(self, folder, mailboxes):
        folder.mkdir()
        self.keys = {name: Key(folder, name) for name in ("one", "two")}
        self.dns = harness.Dns({
            ("spf.provider.example", "TXT"): ['"v=spf1 ip4:127.0.0.1 -all"'],
            **{(f"{name}.example", "TXT"): [PROVIDER] for name in ("wise", "cloud", "rival", "sub.cloud", "provider")},
            **{(f"one._domainkey.{name}.example", "TXT"): [self.keys["one"].record] for name in ("acme", "wise", "cloud", "provider")},
            ("two._domainkey.rival.example", "TXT"): [self.keys["two"].record],
            ("out.provider.example", "TXT"): ['"v=spf1 a -all"'],
            ("out.provider.example", "A"): ["127.0.0.1"],
        })
        self.mailboxes = mailboxes
        self.fubako = harness.Fubako(folder / "fubako", {
            "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "dns": {"servers": [f"127.0.0.1:{self.dns.port}"]},
            "log": {"format": "json"}}, DECLARATION).start()

    def sign(self, mail, domain, key="one", **options):
        signature = dkim.sign(mail, key.encode(), domain.encode(), self.keys[key].private, canonicalize=(b"relaxed", b"relaxed"), **options)
        return signature + mail

    def send(self, sender, mail, source="127.0.0.1", helo="out.provider.example"):
        """The final reply, as `250 2.0.0`, and all of its text."""
        with smtplib.SMTP("127.0.0.1", self.fubako.starttls, timeout=90, source_address=(source, 0)) as smtp:
            smtp.starttls()
            smtp.ehlo(helo)
            code, text = smtp.mail(sender)
            if code == 250:
                assert smtp.rcpt(TO)[0] == 250
                code, text = smtp.data(mail)
        text = text.decode()
        return f"{code} {text.split()[0]}", text

    def arrived(self, mail):
        """What became of a mail, raw and in CRLF."""
        [number] = re.findall(rb"(?m)^Message-ID: (\S+)", mail)

        def found():
            return [raw for raw in self.mailboxes.raw(TO) if b"Message-ID: " + number in raw and b"/d/" not in raw]
        [raw] = harness.wait_for("the mail arrives", found)
        return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.fixture(scope="module")
def world(folder, mailboxes):
    world = World(folder / "trust", mailboxes)
    yield world
    world.fubako.stop()
    world.dns.stop()


def plain(sender="tanaka@acme.example", extra=b"", body=b"hello\r\n"):
    return mails.head(b"trust", sender=sender.encode(), extra=extra) + b"\r\n" + body


def with_file(sender, extra=b""):
    return mails.multipart(mails.head(b"trust", sender=sender.encode(), extra=extra), [
        (b"Content-Type: text/plain\r\n", b"see the file"),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', mails.pdf(2000))])


def field(raw, name):
    head = raw.split(b"\r\n\r\n")[0] + b"\r\n"
    return [re.sub(rb"\r\n[ \t]+", b" ", value).decode() for value in re.findall(rb"(?im)^" + name.encode() + rb":[ \t]*((?:.|\r\n[ \t])*)\r\n(?![ \t])", head)]


def chain(world, domain, length):
    """SPF over so many includes, one inside the other."""
    names = [domain, *(f"i{n}.{domain}" for n in range(length))]
    for name, following in zip(names, names[1:]):
        world.dns.records[(name, "TXT")] = [f'"v=spf1 include:{following} -all"']
    world.dns.records[(names[-1], "TXT")] = ['"v=spf1 ip4:127.0.0.1 -all"']


# spec: RCV-SPF RCV-TENANT
def test_only_the_domain_s_own_hosts_send(world):
    assert world.send("tanaka@acme.example", plain())[0] == "250 2.0.0"
    status, text = world.send("tanaka@acme.example", plain(), source="127.0.0.9")
    assert status == "550 5.7.23" and "acme.example does not permit [127.0.0.9] (fail)" in text and "add it to the record" in text
    number = re.search(r"\(([0-9a-f-]{36})\)", text)[1]
    assert number in world.fubako.log.read_text(), "the number that the sender is told leads to the log"
    for name, spf, status in (
        ("none", None, "550 5.7.23"), ("neutral", "v=spf1 ?all", "550 5.7.23"), ("soft", "v=spf1 ~all", "550 5.7.23"),
        ("wrong", "v=spf1 ip4:127.0.0 -all", "550 5.7.23"), ("ok", "v=spf1 a:out.provider.example -all", "250 2.0.0"),
    ):
        if spf:
            world.dns.records[(f"{name}.acme.example", "TXT")] = [f'"{spf}"']
        assert world.send(f"bounces@{name}.acme.example", plain())[0] == status, name


# spec: RCV-SPF
def test_spf_asks_ten_times_and_no_more(world):
    chain(world, "ten.acme.example", 10)
    chain(world, "eleven.acme.example", 11)
    assert world.send("x@ten.acme.example", plain())[0] == "250 2.0.0"
    world.dns.asked.clear()
    status, text = world.send("x@eleven.acme.example", plain())
    assert status == "550 5.7.23" and "permerror" in text, text
    assert len([name for name, _ in world.dns.asked if name.endswith("eleven.acme.example")]) <= 11
    for count, status in ((2, "250 2.0.0"), (3, "550 5.7.23")):
        domain = f"void{count}.acme.example"
        void = " ".join(f"a:v{n}.{domain}" for n in range(count))
        world.dns.records[(domain, "TXT")] = [f'"v=spf1 {void} ip4:127.0.0.1 -all"']
        assert world.send(f"x@{domain}", plain())[0] == status, count


# spec: RCV-SPF RCV-DKIM
def test_trouble_in_dns_is_for_later(world):
    mail = world.sign(plain("tanaka@wise.example"), "wise.example")
    world.dns.broken.add("spf.provider.example")
    try:
        status, text = world.send("tanaka@wise.example", mail)
        assert status == "451 4.7.24" and "try again later" in text
    finally:
        world.dns.broken.clear()
    world.dns.broken.add("one._domainkey.wise.example")
    try:
        status, text = world.send("tanaka@wise.example", mail)
        assert status == "451 4.4.3" and "try again later" in text
    finally:
        world.dns.broken.clear()
    assert world.send("tanaka@wise.example", mail)[0] == "250 2.0.0", "and when DNS is back, it is taken"


# spec: RCV-SPF RCV-DKIM
@pytest.mark.parametrize("name, status", [("wise.example", "451 4.7.24"), ("one._domainkey.wise.example", "451 4.4.3")], ids=["SPF", "DKIM"])
def test_dns_that_does_not_answer_is_for_later_too(world, name, status):
    mail = world.sign(plain("tanaka@wise.example"), "wise.example")
    world.dns.silent.add(name)
    try:
        began = time.monotonic()
        said, text = world.send("tanaka@wise.example", mail)
        assert said == status and "try again later" in text
        assert time.monotonic() - began < 30
    finally:
        world.dns.silent.clear()
    assert world.send("tanaka@wise.example", mail)[0] == "250 2.0.0"


# spec: RCV-DKIM
def test_a_key_is_rotated(world):
    sender = "tanaka@wise.example"
    world.dns.records[("two._domainkey.wise.example", "TXT")] = [world.keys["two"].record]
    old, new = (world.sign(plain(sender), "wise.example", key) for key in ("one", "two"))
    assert [world.send(sender, mail)[0] for mail in (old, new)] == ["250 2.0.0"] * 2
    record = world.dns.records.pop(("one._domainkey.wise.example", "TXT"))
    try:
        status, text = world.send(sender, world.sign(plain(sender), "wise.example", "one"))
        assert status == "550 5.7.22" and "the key is not published" in text
        assert world.send(sender, world.sign(plain(sender), "wise.example", "two"))[0] == "250 2.0.0"
        both = world.sign(world.sign(plain(sender), "wise.example", "one"), "wise.example", "two")
        assert world.send(sender, both)[0] == "250 2.0.0", "one that verifies is enough"
    finally:
        world.dns.records[("one._domainkey.wise.example", "TXT")] = record
    world.dns.records[("two._domainkey.wise.example", "TXT")] = ['"v=DKIM1; p="']
    status, text = world.send(sender, world.sign(plain(sender), "wise.example", "two"))
    assert status == "550 5.7.22" and "revoked" in text


# spec: RCV-DKIM RCV-TENANT
def test_the_provider_s_own_signature(world):
    """Where the author's domain has none, one at all must verify; it proves no tenant."""
    acme = world.sign(plain(), "provider.example")
    assert world.send("tanaka@acme.example", acme)[0] == "250 2.0.0"
    assert world.send("tanaka@acme.example", acme.replace(b"hello", b"hullo"))[0] == "550 5.7.20"
    wise = world.sign(plain("tanaka@wise.example"), "provider.example")
    status, text = world.send("tanaka@wise.example", wise)
    assert status == "550 5.7.1" and "it lacks a DKIM signature of wise.example" in text
    both = world.sign(world.sign(plain("tanaka@wise.example"), "wise.example"), "provider.example")
    assert world.send("tanaka@wise.example", both)[0] == "250 2.0.0"
    # The author's own is bad: the provider's does not mend it.
    bad = world.sign(world.sign(plain("tanaka@wise.example"), "wise.example").replace(b"hello", b"hullo"), "provider.example")
    assert world.send("tanaka@wise.example", bad)[0] == "550 5.7.22"


# spec: RCV-DKIM
def test_what_l_does_not_cover_is_unsigned(world):
    sender = "tanaka@wise.example"
    assert world.send(sender, world.sign(plain(sender), "wise.example", length=True))[0] == "250 2.0.0"
    signed = world.sign(plain(sender), "wise.example", length=True)
    assert b" l=" in signed
    status, text = world.send(sender, signed + b"Pay to another account.\r\n")
    assert status == "550 5.7.22" and "l= does not cover" in text


# spec: RCV-ALIGN RCV-DKIM MAIL-AMBIGUOUS
def test_a_header_begins_where_it_begins_to_the_reader(world):
    """What mbox puts before a mail, and a byte order mark, are none of it; a signature that stands behind them counts for nothing."""
    for before in (b"From tanaka@acme.example Sun Nov 22 19:07:09 2026\r\n", b">From tanaka@acme.example Sun\r\n", b"\xef\xbb\xbf"):
        mail = plain()
        assert world.send("tanaka@acme.example", before + mail)[0] == "250 2.0.0", before
        raw = world.arrived(mail)
        assert before.rstrip() not in raw and field(raw, "From") == field(mail, "From"), before
        assert world.send("tanaka@acme.example", before + plain("ceo@wise.example"))[0] == "550 5.7.1", before
        signed = world.sign(plain("tanaka@wise.example"), "wise.example")
        assert world.send("tanaka@wise.example", signed)[0] == "250 2.0.0"
        assert world.send("tanaka@wise.example", before + signed)[0].startswith("550 5.7."), before
        proved = plain("tanaka@cloud.example", b"X-Cloud-Proof: " + SECRET.encode() + b"\r\n")
        assert world.send("tanaka@cloud.example", before + proved)[0] == "250 2.0.0", before
        assert SECRET.encode() not in world.arrived(proved), before
    status, text = world.send("tanaka@acme.example", b"\r\n" + plain())
    assert status == "550 5.6.0" and "it has no header" in text


# spec: RCV-DKIM RCV-ALIGN
@pytest.mark.parametrize("how, change", [
    ("another body", lambda mail: mail.replace(b"hello", b"Pay to another account.")),
    ("more of a body", lambda mail: mail + b"more\r\n"),
    ("another author of the domain", lambda mail: mail.replace(b"<tanaka@", b"<ceo@")),
    ("another subject", lambda mail: mail.replace(b"Subject: trust", b"Subject: urgent")),
    ("another subject on top", lambda mail: b"Subject: urgent\r\n" + mail),
    ("another From on top", lambda mail: b"From: ceo@wise.example\r\n" + mail),
    ("another From below", lambda mail: mail.replace(b"\r\n\r\n", b"\r\nFrom: ceo@wise.example\r\n\r\n", 1)),
    ("another recipient on top", lambda mail: b"To: other@recipient.example\r\n" + mail),
    ("somebody else to answer to", lambda mail: b"Reply-To: attacker@evil.example\r\n" + mail),
    ("one more to answer to", lambda mail: mail.replace(b"\r\n\r\n", b"\r\nCc: attacker@evil.example\r\n\r\n", 1)),
    ("another sender", lambda mail: b"Sender: ceo@evil.example\r\n" + mail),
    ("another way to leave a list", lambda mail: b"List-Unsubscribe: <https://evil.example>\r\n" + mail),
    ("another structure", lambda mail: b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=CC\r\n" + mail),
    ("another charset", lambda mail: b"Content-Type: text/html; charset=utf-7\r\n" + mail),
    ("another encoding", lambda mail: b"Content-Transfer-Encoding: base64\r\n" + mail),
    ("a body before the signed header", lambda mail: b"From: ceo@wise.example\r\nno field\r\nPay to another account.\r\n" + mail),
    ("a body after the signed header", lambda mail: mail.replace(b"\r\n\r\n", b"\r\nno field, but text\r\n\r\n", 1)),
    ("a bare LF that ends the header", lambda mail: b"From: ceo@wise.example\r\nX: y\n\nPay to another account.\r\n" + mail),
    ("the signature of another mail", None),
    ("no signature", lambda mail: mail[mail.index(b"From:"):]),
])
def test_a_signed_mail_is_replayed_with(world, how, change):
    sender = "tanaka@wise.example"
    signed = world.sign(plain(sender), "wise.example")
    if change is None:
        forged = signed[:signed.index(b"From:")] + plain(sender)
    else:
        forged = change(signed)
    assert forged != signed
    status, text = world.send(sender, forged)
    assert status.startswith("550"), (how, text)
    assert world.send(sender, signed)[0] == "250 2.0.0", "as it was, it is taken"


# As mail services sign: what they leave out is anybody's.
EXCHANGE = [b"from", b"date", b"subject", b"message-id", b"content-type", b"mime-version"]
GOOGLE = [b"to", b"subject", b"message-id", b"date", b"from", b"mime-version", b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to"]


# spec: RCV-TENANT RCV-DKIM
def test_what_the_proving_signature_does_not_cover_is_refused(world):
    sender, headers = "tanaka@wise.example", [b"from", b"date", b"subject", b"to", b"message-id"]
    for make, names, lacks in (
        (plain, headers, None), (plain, GOOGLE, None), (with_file, None, None),
        (with_file, headers, "MIME-Version"), (with_file, GOOGLE, "does not cover Content-Type)"), (with_file, EXCHANGE, "does not cover To)"),
    ):
        status, text = world.send(sender, world.sign(make(sender), "wise.example", **({"include_headers": names} if names else {})))
        assert (status == "250 2.0.0") if lacks is None else (status == "550 5.7.1" and lacks in text), (names, text)
    # Where it is not the proof, it may be as it is: the secret is.
    proved = with_file("sato@cloud.example", b"X-Cloud-Proof: " + SECRET.encode() + b"\r\n")
    assert world.send("sato@cloud.example", world.sign(proved, "cloud.example", include_headers=EXCHANGE))[0] == "250 2.0.0"


# spec: RCV-TENANT RCV-SPF RCV-ALIGN
def test_a_signed_mail_that_comes_from_elsewhere_is_a_replay(world):
    """With an empty sender it is the host's own name that SPF is asked for; it must be the section's."""
    sender = "tanaka@wise.example"
    world.dns.records[("attacker.example", "TXT")] = ['"v=spf1 ip4:127.0.0.9 -all"']
    world.dns.records[("mx.wise.example", "TXT")] = ['"v=spf1 ip4:127.0.0.1 -all"']
    signed = world.sign(plain(sender), "wise.example")
    loose = world.sign(with_file(sender), "wise.example", include_headers=EXCHANGE)
    for how, mail in (("as it was", signed), ("and changed", b"Reply-To: attacker@evil.example\r\n" + loose.replace(b"To: suzuki", b"To: victim"))):
        for helo in ("attacker.example", "mx.wise.example"):
            status, text = world.send("", mail, source="127.0.0.9", helo=helo)
            assert status == {"attacker.example": "550 5.7.1", "mx.wise.example": "550 5.7.23"}[helo], (how, text)
        assert world.send("x@attacker.example", mail, source="127.0.0.9")[0] == "550 5.7.1", how
        assert world.send(sender, mail, source="127.0.0.9")[0] == "550 5.7.23", how
    status, text = world.send("", signed)
    assert status == "550 5.7.1" and "SPF by the sender's own domain" in text, "nor from the mail service's other customers"
    assert world.send("", signed, helo="mx.wise.example")[0] == "250 2.0.0", "an automatic answer of the section's own server"


# spec: RCV-TENANT
def test_a_signature_proves_for_a_week(world, monkeypatch):
    sender, now = "tanaka@wise.example", time.time()
    signed = {}
    for days in (6, 8):
        monkeypatch.setattr(time, "time", lambda: now - days * 86400)
        signed[days] = world.sign(plain(sender), "wise.example")
    monkeypatch.undo()
    assert world.send(sender, signed[6])[0] == "250 2.0.0"
    status, text = world.send(sender, signed[8])
    assert status == "550 5.7.1" and "not older than 7 days" in text
    assert world.send("sato@cloud.example", b"X-Cloud-Proof: " + SECRET.encode() + b"\r\n" + world.sign(plain("sato@cloud.example"), "cloud.example"))[0] == "250 2.0.0"


# spec: RCV-DKIM (bare LF)
def test_a_genuine_mail_with_bare_lf_verifies(world):
    sender = "tanaka@wise.example"
    signed = world.sign(plain(sender, body=b"one\r\ntwo\r\n\r\n"), "wise.example")
    with smtplib.SMTP("127.0.0.1", world.fubako.starttls) as smtp:
        smtp.starttls()
        smtp.ehlo("out.provider.example")
        smtp.mail(sender), smtp.rcpt(TO)
        smtp.docmd("DATA")
        smtp.send(signed.replace(b"two\r\n", b"two\n") + b".\r\n")
        assert smtp.getreply()[0] == 250


# spec: RCV-TENANT
def test_a_provider_s_other_tenant_does_not_pass_for_another(world):
    """The right IP address, the right SPF, and everything that a customer of the same provider can add."""
    proof, theirs = b"X-Cloud-Proof: " + SECRET.encode() + b"\r\n", b"X-Cloud-Proof: " + SECRET[::-1].encode() + b"\r\n"
    genuine = plain("sato@cloud.example", proof)
    assert world.send("sato@cloud.example", genuine)[0] == "250 2.0.0"
    for how, sender, mail in (
        ("without the secret", "sato@cloud.example", plain("sato@cloud.example")),
        ("with an empty one", "sato@cloud.example", plain("sato@cloud.example", b"X-Cloud-Proof:\r\n")),
        ("with their own", "sato@cloud.example", plain("sato@cloud.example", theirs)),
        ("with both", "sato@cloud.example", plain("sato@cloud.example", theirs + proof)),
        ("with a piece of it", "sato@cloud.example", plain("sato@cloud.example", proof[:-4] + b"\r\n")),
        ("with more of it", "sato@cloud.example", plain("sato@cloud.example", proof[:-2] + b"x\r\n")),
        ("in the body", "sato@cloud.example", plain("sato@cloud.example", body=proof)),
        ("with their envelope", "x@rival.example", plain("sato@cloud.example", theirs)),
        ("with their envelope and the secret of the forged", "x@rival.example", plain("sato@cloud.example", proof)),
        ("from a domain below", "x@sub.cloud.example", plain("sato@cloud.example", theirs)),
        ("from a domain below, with the secret of the forged", "x@sub.cloud.example", plain("sato@cloud.example", proof)),
        ("no sender at all", "", plain("sato@cloud.example", theirs)),
        ("the bank's, unsigned", "x@wise.example", plain("x@wise.example", proof)),
        ("the bank's, signed by themselves", "x@wise.example", world.sign(plain("x@wise.example"), "rival.example", "two")),
        ("the bank's, signed by themselves, with their envelope", "x@rival.example", world.sign(plain("x@wise.example"), "rival.example", "two")),
        ("the bank's, signed as the bank's by their key", "x@wise.example", world.sign(plain("x@wise.example"), "wise.example", "two")),
    ):
        status, text = world.send(sender, mail)
        assert status.startswith("550 5.7."), (how, text)
        assert SECRET not in text and "X-Cloud" not in text, text
    assert world.send("x@rival.example", plain("x@rival.example", theirs))[0] == "250 2.0.0", "their own mail is taken"
    log = world.fubako.log.read_text()
    assert SECRET not in log and SECRET[::-1] not in log
    assert '"code":"proof"' in log and '"proof":"secret-header"' in log


# spec: RCV-TENANT
def test_a_secret_is_changed_for_another_without_a_gap(world):
    new, line = "n3w-" + SECRET[::-1], f'secret = "{SECRET}"'
    with_secret = lambda secret: world.send("sato@cloud.example", plain("sato@cloud.example", f"X-Cloud-Proof: {secret}\r\n".encode()))[0]

    def declared(text):
        world.fubako.declaration.write_text(DECLARATION.replace(line, text))
        said = world.fubako.run("apply", world.fubako.declaration).stdout
        assert "~ secret of cloud" in said and SECRET not in said and new not in said
    try:
        declared(f'secret = ["{new}", "{SECRET}"]')
        assert [with_secret(s) for s in (SECRET, new)] == ["250 2.0.0"] * 2
        assert [with_secret(s) for s in (new + SECRET, new[:-1], "")] == ["550 5.7.1"] * 3
        declared(f'secret = "{new}"')
        assert [with_secret(s) for s in (SECRET, new)] == ["550 5.7.1", "250 2.0.0"]
    finally:
        declared(line)
    assert [with_secret(s) for s in (SECRET, new)] == ["250 2.0.0", "550 5.7.1"]


# spec: RCV-TENANT RCV-SPF
def test_an_automatic_answer_has_no_sender(world):
    proof = b"X-Cloud-Proof: " + SECRET.encode() + b"\r\n"
    mail = world.sign(plain("sato@cloud.example", proof), "cloud.example")
    assert world.send("", mail)[0] == "250 2.0.0"
    assert world.send("", mail, helo="elsewhere.example")[0] == "550 5.7.23"
    assert world.send("", plain("sato@cloud.example", proof))[0] == "550 5.7.1", "nothing speaks for the author"


IN_NAME = "take it out of the display name"
FROM = {
    # what stands in the place of the From field: whether it is taken
    b"From: tanaka@acme.example": True,
    b"from : <tanaka@acme.example>": True,
    b"From:\r\n =?UTF-8?B?55Sw5Lit?=\r\n\t<tanaka@acme.example>": True,
    b'From: "Tanaka, Taro (Sales)" <tanaka@acme.example>': True,
    b'From: "\\"ceo@evil.example\\"" <tanaka@acme.example>': True,
    b"From: tanaka@acme.example (Taro Tanaka)": True,
    b"From: (Taro) Tanaka <tanaka@acme.example> (sales (Tokyo))": True,
    b"From: tanaka@acme.example <TANAKA@acme.example>": True,
    b"From: =?ISO-2022-JP?B?GyRCRURDZhsoQg==?= <tanaka@acme.example>": True,
    "From: 田中 <tanaka@acme.example>".encode(): True,
    b"From: tanaka..taro.@acme.example": True,
    b"From: tanaka@Acme.Example": True,
    b"": False,
    b"From:": False,
    b"Sender: tanaka@acme.example": False,
    b"From: tanaka@acme.example\r\nFrom: tanaka@acme.example": False,
    b"From: tanaka@acme.example\r\nFROM\t: ceo@evil.example": False,
    b"From: ceo@evil.example\r\nFrom: tanaka@acme.example": False,
    b"From: tanaka@acme.example, ceo@evil.example": False,
    b"From: tanaka@acme.example, sato@acme.example": False,
    b"From: ceo@evil.example <tanaka@acme.example>": False,
    b"From: ceo @ evil.example <tanaka@acme.example>": False,
    b"From: tanaka@acme.example <ceo@evil.example>": False,
    b"From: <tanaka@acme.example> <ceo@evil.example>": False,
    b'From: "tanaka@acme.example" <ceo@evil.example>': False,
    b"From: ceo@evil.example (tanaka@acme.example)": False,
    b"From: (<tanaka@acme.example>) ceo@evil.example": False,
    b"From: ceo@evil.example(<tanaka@acme.example>": False,
    b"From: Acme: tanaka@acme.example;": False,
    b"From: Acme: tanaka@acme.example, ceo@evil.example;": False,
    b"From: ceo@evil.example: tanaka@acme.example;": False,
    b"From: undisclosed-recipients:;": False,
    b"From: tanaka@acme.example\0": False,
    b"From: ceo@evil.example\0 <tanaka@acme.example>": False,
    b"From: tanaka@acme.example\0@evil.example": False,
    b"From\0: tanaka@acme.example\r\nFrom: ceo@evil.example": False,
    b"From: tanaka@acme.example\rFrom: ceo@evil.example": False,
    b"From: =?utf-8?q?tanaka=40acme=2Eexample?=": False,
    b"From: =?utf-8?q?tanaka=40acme=2Eexample?= <ceo@evil.example>": False,
    b"From: <=?utf-8?q?ceo=40evil=2Eexample=3E?=@acme.example>": False,
    b"From: <@acme.example:ceo@evil.example>": False,
    b"From: <@evil.example:tanaka@acme.example>": False,
    b"From: tanaka@acme.example.evil.example": False,
    b"From: tanaka@notacme.example": False,
    b"From: tanaka@sub.acme.example": False,
    b"From: tanaka@[127.0.0.1]": False,
    b'From: "tanaka@acme.example': False,
    b"From: \x1b$B<ceo@evil.example>\x1b(B <tanaka@acme.example>": False,
    b'From: "Taro \x1b$B" <ceo@evil.example>, "\x1b(B" <tanaka@acme.example>': False,
    b'From: "\x83\\" <ceo@evil.example> " <tanaka@acme.example>': False,
    b"From: =?utf-8?q?<ceo@evil.example>,?= <tanaka@acme.example>": False,
    b"From: =?utf-8?q?CEO_=3Cceo=40evil.example=3E?= <tanaka@acme.example>": False,
    b"From: =?utf-8?q?ceo=40evil.example=2C?= <tanaka@acme.example>": False,
    b"From: =?utf-8?q?Tanaka=00?= <tanaka@acme.example>": False,
    b"From: =?utf-8?b?Q0VPIDxjZW9A?=\r\n =?utf-8?b?ZXZpbC5leGFtcGxlPg==?= <tanaka@acme.example>": False,
    b"From: =?utf-7?q?+ADw-ceo+AEA-evil.example+AD4-?= <tanaka@acme.example>": False,
    b"From: =?utf-8?q?Tanaka=2C_Taro?= <tanaka@acme.example>": True,
    b"From: =?utf-8?q?tanaka=40acme.example?= <tanaka@acme.example>": True,
    b"From: " + mails.encoded("田中@営業部") + b" <tanaka@acme.example>": True,
    b"From: " + mails.encoded("営業部（info@acme.example）") + b" <tanaka@acme.example>": True,
    b"From: " + mails.encoded("田中 <t-tanaka@acme.example>") + b" <tanaka@acme.example>": True,
    b"From: " + mails.encoded("田中@在宅勤務中。連絡は携帯へ") + b" <tanaka@acme.example>": True,
    b"From: " + mails.encoded("佐藤様<sato@evil.example>") + b" <tanaka@acme.example>": IN_NAME,
    b"From: " + mails.encoded("お問い合わせ: sato@evil.example") + b" <tanaka@acme.example>": IN_NAME,
    **{b"From: " + mails.encoded(name) + b" <tanaka@acme.example>": IN_NAME for name in (
        '" <ceo@evil.example>', "CEO ( <ceo@evil.example>", "(\\) <ceo@evil.example>", '"<ceo@evil.example>"',
        "ceo@evil.example!", "ceo@evil.example?", "ceo@evil.example=", "ceo@evil.example/", "ceo@evil.example #x", "ceo@evil.example。",
        "「ceo@evil.example」", "【ceo@evil.example】", "“ceo@evil.example”", "'ceo@evil.example'", "営業部（ceo@evil.example）",
        "ceo@acme.test.evil.example", "ceo@notacme.test")},
    b"From: tanaka@acme.example (" + mails.encoded("<ceo@evil.example>") + b")": IN_NAME,
    b'From: "CEO <ceo@evil.example>" <tanaka@acme.example>': IN_NAME,
    **{b"From: " + mails.encoded(name) + b" <tanaka@acme.example>": True for name in (
        '"ceo@evil.example"', "営業部 (ceo@evil.example)", "「info@acme.example」", "tanaka@sub.acme.example", "営業@www.acme.example",
        "info@acme.example様", "田中 \"太郎 <info@acme.example>", "「info@acme.test」", "営業@www.acme.test", "田中@営業No.1課")},
    b"From: " + mails.encoded("株式会社A, 田中 (営業部)", "ISO-2022-JP") + b" <tanaka@acme.example>": True,
    b"From: ceo@evil.example@acme.example": False,
    b"From: CEO <ceo@evil.example@acme.example>": False,
    "From: ceo＠evil.example@acme.example".encode(): False,
    "From: 山本 \"太郎\" <tanaka@acme.example>".encode("shift_jis"): True,
    "From: 営業部 <tanaka@acme.example>".encode("iso2022_jp"): True,
}


# spec: RCV-ALIGN
@pytest.mark.parametrize("field", FROM, ids=lambda field: repr(field)[2:-1])
def test_from(world, field):
    mail = plain()
    lines = mail.split(b"\r\n", 1)
    assert lines[0].startswith(b"From:")
    status, text = world.send("tanaka@acme.example", (field + b"\r\n" if field else b"") + lines[1])
    taken = FROM[field] is True
    assert (status == "250 2.0.0") == taken, text
    assert FROM[field] is not IN_NAME or IN_NAME in text, text
    assert taken or status in ("550 5.6.0", "550 5.7.1"), text


def authors(decoded):
    """Whom programs take for the author that decode the words first, and look for addresses then."""
    yield from (address for _, address in email.utils.getaddresses([decoded]))
    yield email.utils.parseaddr(decoded)[1]
    yield from re.findall(r"<([^<>]+)>", decoded)
    # RFC 5322 as Python's newer parser has it; it fails on some.
    with contextlib.suppress(IndexError, AttributeError, ValueError):
        yield from (one.addr_spec for one in email.headerregistry.HeaderRegistry()("From", decoded).addresses)


# spec: RCV-ALIGN
def test_nobody_who_decodes_the_name_first_finds_another_author(world):
    parts = ('"', "(", ")", "\\", "<", ">", ",", ":", ".", "@", " ", "!", "様", "。", "「", "」", "CEO", "evil.example", "info@acme.example",
             "ceo@evil.example", "<ceo@evil.example>")
    choose = random.Random(20261122)
    names = ["".join(choose.choices(parts, k=choose.randint(1, 6))) for _ in range(300)]
    lines, taken = plain().split(b"\r\n", 1)[1], 0
    with smtplib.SMTP("127.0.0.1", world.fubako.starttls, timeout=90) as smtp:
        smtp.starttls()
        smtp.ehlo("out.provider.example")
        for name in names:
            assert smtp.mail("tanaka@acme.example")[0] == 250 and smtp.rcpt(TO)[0] == 250
            code, text = smtp.data(b"From: " + mails.encoded(name) + b" <tanaka@acme.example>\r\n" + lines)
            assert code in (250, 550), text
            if "@" not in name:
                assert code == 250, (name, text)
            if code != 250:
                continue
            taken += 1
            # What has angle brackets or a list's signs in it is no domain to anybody.
            domains = [found.rsplit("@", 1)[1] for found in authors(f"{name} <tanaka@acme.example>") if "@" in found]
            assert not [domain for domain in domains if "evil.example" in domain and not re.search("[<>,;]", domain)], (name, domains)
    assert 50 < taken < 250, taken


# spec: RCV-ALIGN RCV-TENANT MAIL-NONE MAIL-REBUILD
@pytest.mark.parametrize("make", [plain, with_file])
def test_our_verdict_leaves_and_forged_ones_and_the_secret_do_not(world, make):
    forged = b"".join(b"%s: %s\r\n" % (name, value) for name, value in (
        (b"Authentication-Results", b"gateway.acme.example; spf=pass smtp.mailfrom=forged.example"),
        (b"authentication-RESULTS ", b"\r\n (c) GATEWAY.acme.example. 1;\r\n dkim=pass header.d=forged.example"),
        (b"Authentication-Results", b'"gateway.acme.example"; dmarc=pass header.from=forged.example'),
        (b"Authentication-Results", b"; auth=pass smtp.auth=forged.example"),
        (b"Authentication-Results", b"mx.provider.example; spf=pass smtp.mailfrom=kept.example"),
        (b"x-cloud-PROOF ", b"\r\n\t" + SECRET.encode()),
    ))
    mail = forged + world.sign(make("sato@cloud.example"), "cloud.example")
    assert world.send("sato@cloud.example", mail)[0] == "250 2.0.0"
    raw = world.arrived(mail)
    assert SECRET.encode() not in raw and b"forged.example" not in raw and b"x-cloud" not in raw.lower(), raw
    results = field(raw, "Authentication-Results")
    ours = results[0]
    assert ours.startswith(f"{GATEWAY}; spf=pass smtp.mailfrom=cloud.example; dkim=pass header.d=cloud.example header.s=one header.a=rsa-sha256"), ours
    assert len(results) == (2 if make is plain else 1) and (b"kept.example" in raw) == (make is plain)
    received = re.search(rb"by\s+gateway\.acme\.example\s", raw).start()
    assert raw.index(b"Authentication-Results:") < received, "on top of the trace field"
    if make is plain:
        assert raw.split(b"\r\n\r\n", 1)[1] == b"hello\r\n"


# spec: RCV-TENANT
def test_a_secret_is_set_kept_and_taken_away(folder):
    text = harness.SECTION.replace("dkim =", f'secret = "{SECRET}"\nsettings = {{ proof = "secret-header", secret_header = "X-Acme" }}\ndkim =')
    fubako = harness.Fubako(folder / "secrets", declaration=text)
    assert "+ secret of acme" in fubako.applied and SECRET not in fubako.applied
    assert fubako.run("apply", fubako.declaration).stdout.startswith("Nothing to change.")
    stored = b"".join(path.read_bytes() for path in fubako.data.rglob("*") if path.is_file())
    assert SECRET.encode() not in stored and SECRET.encode().hex().encode() not in stored and base64.b64encode(SECRET.encode()) not in stored
    # Without the line, the one that is there stays; another is another; an empty one goes, and then nothing is proven.
    fubako.declaration.write_text(text.replace(f'secret = "{SECRET}"\n', ""))
    assert fubako.run("apply", fubako.declaration).stdout.startswith("Nothing to change.")
    fubako.declaration.write_text(text.replace(SECRET, SECRET[::-1]))
    dry = fubako.run("apply", fubako.declaration, "--dry-run").stdout
    assert "~ secret of acme" in dry and SECRET not in dry and SECRET[::-1] not in dry
    assert "~ secret of acme" in fubako.run("apply", fubako.declaration).stdout
    fubako.declaration.write_text(text.replace(SECRET, ""))
    done = fubako.run("apply", fubako.declaration, check=False)
    assert done.returncode != 0 and "secret-header" in done.stderr
    fubako.declaration.write_text(text.replace(SECRET, "").replace('proof = "secret-header"', 'proof = "spf"'))
    assert "- secret of acme" in fubako.run("apply", fubako.declaration).stdout
