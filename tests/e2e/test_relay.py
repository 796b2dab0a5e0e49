"""To MX hosts: MTA-STS and DANE between real parts (DNS server, policy host, Postfix), and what senders are told."""
import contextlib
import http.server
import itertools
import smtplib
import sqlite3
import ssl
import subprocess
import threading

import pytest

import harness
import mails

DOMAIN = "bank.example"
TO = f"suzuki@{DOMAIN}"
SENDER = "tanaka@acme.example"
NUMBERS = itertools.count(1)


class Authority:
    """A certificate authority by openssl."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.certificate, self.key = folder / "ca.pem", folder / "ca.key"
        run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test authority",
            "-keyout", self.key, "-out", self.certificate)

    def issue(self, name):
        cert, key, request, extensions = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr", "ext"))
        extensions.write_text(f"basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:{name}\n")
        run("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
            "-extfile", extensions, "-out", cert)
        return cert, key


def run(*arguments):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


def tlsa_of(certificate):
    """The TLSA record 3 1 1 of a certificate, as openssl makes it out."""
    key = subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True, capture_output=True).stdout
    return f"3 1 1 {mails.sha(der)}"


class PolicyHost:
    """The policy host of the domain: HTTPS, and one page."""

    def __init__(self, certificate, key):
        self.policy = ""
        host = self

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                good = self.path == "/.well-known/mta-sts.txt" and host.policy
                self.send_response(200 if good else 404)
                body = host.policy.encode() if good else b""
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def serve(self, mx, mode="enforce"):
        self.policy = f"version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: 86400\r\n"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class World:
    """The bank's DNS, policy host and MX host, and our gateway."""

    def __init__(self, folder, name, config=None, postfix=None, validating=True):
        self.folder = folder / name
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.authority = Authority(self.folder / "ca")
        self.mx_certificate = self.authority.issue(f"mx.{DOMAIN}")
        self.mx = harness.Mailboxes(self.folder, [TO, SENDER], tls=self.mx_certificate, name="mx")
        main = self.mx.conf / "main.cf"
        main.write_text(main.read_text() + "smtpd_tls_loglevel = 1\n" + (postfix or ""))
        self.mx.start()
        self.host = PolicyHost(*self.authority.issue(f"mta-sts.{DOMAIN}"))
        self.dns = harness.Dns({
            (DOMAIN, "MX"): [f"10 mx.{DOMAIN}."],
            (f"mx.{DOMAIN}", "A"): ["127.0.0.1"],
            (f"mta-sts.{DOMAIN}", "A"): ["127.0.0.1"],
            ("acme.example", "MX"): ["10 mx.acme.example."],
            ("mx.acme.example", "A"): ["127.0.0.1"],
        }, signed=[DOMAIN])
        self.config = {
            "dns": {"servers": [f"127.0.0.1:{self.dns.port}"], "validating": validating},
            "relay": {"port": self.mx.port, "mta_sts_port": self.host.port,
                      "trusted_certificates": str(self.authority.certificate), **(config or {})},
        }
        self.fubako = harness.Fubako(self.folder / "fubako", self.config).start()

    def announce(self, id):
        self.dns.records[(f"_mta-sts.{DOMAIN}", "TXT")] = [f'"v=STSv1; id={id};"']

    def tlsa(self, *records):
        self.dns.records[(f"_{self.mx.port}._tcp.mx.{DOMAIN}", "TLSA")] = list(records)

    def send(self, subject, options=()):
        mail = mails.head(subject.encode(), to=TO.encode()) + b"\r\nhello\r\n"
        with smtplib.SMTP("127.0.0.1", self.fubako.starttls) as smtp:
            smtp.starttls()
            smtp.sendmail(SENDER, [TO], mail, rcpt_options=list(options))

    def waits(self, text):
        """The row of the queue that waits for a reason with this text in it."""
        def row():
            rows = [r for r in self.fubako.queue() if text in (r.get("reason") or "")]
            return rows[0] if rows else None
        return harness.wait_for(f"a delivery that waits: {text}", row)

    def retry(self, row):
        self.fubako.run("queue", "retry", row["id"])

    def stop(self):
        for part in (self.fubako, self.mx, self.host, self.dns):
            part.stop()


@pytest.fixture
def world(folder):
    made = []

    def make(**options):
        # A short name: the sockets of Postfix lie below it.
        made.append(World(folder, f"world-{next(NUMBERS)}", **options))
        return made[-1]
    yield make
    for one in made:
        one.stop()


# spec: MAIL-RELAY
def test_mta_sts(world):
    world = world(validating=False)
    world.host.serve(f"mx.{DOMAIN}")
    world.announce("one")
    world.send("by policy")
    world.mx.wait(TO, 1)
    assert "TLS connection established" in world.mx.said()
    # A new policy that names other hosts.
    world.host.serve("*.elsewhere.example")
    world.announce("two")
    world.send("to nobody")
    row = world.waits("4.7.10")
    assert "MTA-STS" in row["reason"]
    # Somebody takes record and policy host away, and we are started again: what was said still holds.
    del world.dns.records[(f"_mta-sts.{DOMAIN}", "TXT")]
    world.host.policy = ""
    world.fubako.stop()
    world.fubako.start()
    world.retry(row)
    harness.wait_for("tried again", lambda: [r for r in world.fubako.queue() if r["attempts"] != row["attempts"]])
    assert "4.7.10" in world.waits("4.7.10")["reason"]
    assert len(world.mx.raw(TO)) == 1
    # The domain takes it back itself.
    world.host.serve(f"mx.{DOMAIN}", mode="none")
    world.announce("three")
    world.retry(world.waits("4.7.10"))
    world.mx.wait(TO, 2)


# spec: MAIL-RELAY
def test_dane(world):
    world = world()
    # MTA-STS would refuse: DANE goes before it.
    world.host.serve("*.elsewhere.example")
    world.announce("one")
    world.tlsa(tlsa_of(world.authority.certificate))
    world.send("by another key")
    row = world.waits("4.7.5")
    assert "DANE" in row["reason"], row
    world.tlsa(tlsa_of(world.mx_certificate[0]))
    world.retry(row)
    world.mx.wait(TO, 1)
    assert "TLS connection established" in world.mx.said()


# spec: MAIL-BOUNCE
def test_success_is_told_by_the_next_hop_or_by_us(world):
    knows = world()
    knows.send("with DSN", ["NOTIFY=SUCCESS"])
    knows.mx.wait(TO, 1)
    report = knows.mx.wait(SENDER, 1)[0]
    assert "Postfix" in report.as_string() and "Action: delivered" in report.as_string()
    assert len(knows.mx.raw(SENDER)) == 1, "and not by us as well"

    old = world(postfix="smtpd_discard_ehlo_keywords = dsn\n")
    old.send("without DSN", ["NOTIFY=SUCCESS", "ORCPT=rfc822;old@bank.example"])
    old.mx.wait(TO, 1)
    report = old.mx.wait(SENDER, 1)[0]
    assert report.get_content_type() == "multipart/report" and report["Auto-Submitted"] == "auto-replied"
    status = report.get_payload()[1].as_string()
    for line in ("Action: relayed", "Status: 2.1.9", f"Final-Recipient: rfc822; {TO}", "Original-Recipient: rfc822;old@bank.example"):
        assert line in status, status
    assert report.get_payload()[2].get_content_type() == "text/rfc822-headers"


# spec: MAIL-BOUNCE
def test_an_address_that_turns_away_mail_and_deposit_notice_is_told_of_once(world):
    world = world()
    nobody = f"nobody@{DOMAIN}"
    mail = mails.multipart(mails.head(b"both", to=nobody.encode()), [
        (b"Content-Type: text/plain\r\n", b"hello\r\n"),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', mails.pdf())])
    with smtplib.SMTP("127.0.0.1", world.fubako.starttls) as smtp:
        smtp.starttls()
        smtp.sendmail(SENDER, [nobody], mail)
    [report] = world.mx.wait(SENDER, 1)
    assert any(part.get_content_type() == "message/rfc822" for part in report.walk()), "of the mail, not of the notice before it"
    with contextlib.closing(sqlite3.connect(world.fubako.data / "fubako.db", timeout=30)) as database:
        def of_notice():
            return database.execute("""SELECT d.told_at IS NOT NULL, d.told_by FROM deliveries d JOIN outgoing o ON o.id = d.outgoing
                WHERE o.kind = 'deposit-notice' AND d.state = 'failed'""").fetchall()
        harness.wait_for("the notice fails", of_notice)
        # A minute passes.
        with database:
            database.execute("UPDATE deliveries SET ended_at = ended_at - 60000000 WHERE state = 'failed'")
        harness.wait_for("it is seen to", lambda: of_notice() == [(1, None)])
    assert len(world.mx.raw(SENDER)) == 1


# spec: MAIL-RELAY MAIL-REBUILD
def test_smtputf8_is_asked_for_only_where_it_is_needed(folder):
    """Some mail servers ask for it with every mail; many hosts on the way do not have it."""
    to = "suzuki@recipient.example"
    old = harness.Mailboxes(folder / "old", [to, SENDER], extra={"smtputf8_enable": "no"}).start()
    fubako = harness.Fubako(folder / "utf8", {"relay": {"smarthost": f"127.0.0.1:{old.port}"}}).start()
    plain, file = (lambda subject: mails.head(subject) + b"\r\nhello\r\n"), (
        lambda subject: mails.multipart(mails.head(subject), [
            (b"Content-Type: text/plain\r\n", b"see the file"),
            mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', mails.pdf(900))]))
    try:
        with smtplib.SMTP("127.0.0.1", fubako.starttls) as smtp:
            smtp.starttls()
            for mail in (plain(b"one"), file(b"two"), file("三つ目".encode()), plain("四つ目".encode())):
                smtp.sendmail(SENDER, [to], mail, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        # Two notices beside the mails; the last mail's header is UTF-8 and stays so: that host cannot have it.
        subjects = sorted(str(mail["subject"]) for mail in old.wait(to, 5))
        assert len(subjects) == 5 and {"one", "two", "三つ目"} <= set(subjects) and "四つ目" not in subjects, subjects
        [report] = old.wait(SENDER, 1)
        status = next(part for part in report.walk() if part.get_content_type() == "message/delivery-status")
        assert "5.6.7" in status.as_string(), status.as_string()
    finally:
        fubako.stop()
        old.stop()
