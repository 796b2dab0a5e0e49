"""The same binary over PostgreSQL and S3, by MX through a DNS server, and with gateway and exchange as two processes."""
import os
import pathlib
import pwd
import shutil
import smtplib
import subprocess

import pytest

import harness
import mails
from test_path import fetch, password_in, relayed_and_notice

TO = "suzuki@recipient.example"


def postgres_tool(name):
    found = shutil.which(name)
    return found or str(sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[-1])


class Postgres:
    """A cluster of its own. PostgreSQL does not run as root: then it runs as `nobody`."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.port = harness.free_port()
        user = []
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
            entry = pwd.getpwnam("nobody")
            user = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
        data = folder / "data"
        subprocess.run([*user, postgres_tool("initdb"), "-D", data, "-U", "fubako", "-A", "trust", "-E", "UTF8", "--no-sync"],
                       check=True, capture_output=True, env={**os.environ, "LC_ALL": "C.UTF-8"}, cwd=folder)
        self.process = harness.Process(
            [*user, postgres_tool("postgres"), "-D", data, "-p", self.port, "-k", folder, "-c", "listen_addresses=127.0.0.1"],
            harness.pathlib.Path(folder.parent) / "postgres.log", cwd=folder)
        harness.wait_for("PostgreSQL listens", lambda: harness.listening(self.port))

    def database(self, name):
        """The address of a new database."""
        place = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "fubako"]
        subprocess.run([postgres_tool("createdb"), *place, name], check=True, capture_output=True)
        return f"postgres://fubako@127.0.0.1:{self.port}/{name}"

    def stop(self):
        self.process.stop(how=2)


class S3:
    """An S3 server over a folder."""

    def __init__(self, folder):
        (folder / "fubako").mkdir(parents=True)
        self.folder = folder
        self.port = harness.free_port()
        self.process = harness.Process(
            [harness.TOOLS / "bin/s3s-fs", "--host", "127.0.0.1", "--port", self.port, "--access-key", "AKTEST",
             "--secret-key", "SKTEST", folder], folder.parent / "s3.log")
        harness.wait_for("S3 listens", lambda: harness.listening(self.port))
        self.config = {"url": "s3://fubako/objects", "endpoint": f"http://127.0.0.1:{self.port}", "region": "us-east-1",
                       "access_key": "AKTEST", "secret_key": "SKTEST"}

    def stop(self):
        self.process.stop()


@pytest.fixture(scope="module")
def postgres(folder):
    server = Postgres(folder / "postgres")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def s3(folder):
    server = S3(folder / "s3")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def dns(mailboxes):
    server = harness.Dns({
        ("recipient.example", "MX"): ["10 dead.recipient.example.", "20 mx.recipient.example."],
        ("dead.recipient.example", "A"): ["127.0.0.9"],
        ("mx.recipient.example", "A"): ["127.0.0.1"],
    })
    yield server
    server.stop()


def send_one(fubako):
    octets = mails.pdf(200_000)
    mail = mails.multipart(mails.head(mails.encoded("規模の確認")), [
        (b"Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n", mails.b64("本文".encode())),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', octets)])
    with smtplib.SMTP("127.0.0.1", fubako.starttls) as smtp:
        smtp.starttls()
        smtp.sendmail("tanaka@acme.example", [TO], mail)
    return {"a.pdf": mails.sha(octets)}


# spec: MAIL-RELAY KEEP-CRYPT
def test_postgresql_s3_and_mx(folder, postgres, s3, dns, mailboxes, browser):
    fubako = harness.Fubako(folder / "scale", {
        "database": {"url": postgres.database("scale")}, "files": s3.config,
        "dns": {"servers": [f"127.0.0.1:{dns.port}"]}, "relay": {"port": mailboxes.port}}).start()
    try:
        before = len(mailboxes.raw(TO))
        files = send_one(fubako)
        relayed, notice = relayed_and_notice(mailboxes, TO, before)
        fetch(browser, notice, password_in(relayed), files)
        stored = [p for p in s3.folder.rglob("*") if p.is_file()]
        assert stored, "the objects lie in the bucket"
        assert not list(pathlib.Path(fubako.data).rglob("*.db")), "and no database in the folder"
    finally:
        fubako.stop()


# spec: X-API MAIL-DEPOSIT
def test_gateway_and_exchange_apart(folder, mailboxes, browser):
    token = "t" * 40
    smarthost = {"smarthost": f"127.0.0.1:{mailboxes.port}"}
    exchange = harness.Fubako(folder / "apart-exchange", {
        "relay": smarthost, "api": {"gateway_token": token}, "http": {"tls": True}}).start()
    gateway = harness.Fubako(folder / "apart-gateway", {
        "relay": smarthost, "exchange": {
            "url": f"https://127.0.0.1:{exchange.http}", "token": token, "certificate": str(exchange.data / "tls/certificate.pem")}}).start()
    try:
        before = len(mailboxes.raw(TO))
        files = send_one(gateway)
        relayed, notice = relayed_and_notice(mailboxes, TO, before)
        assert f":{exchange.http}/d/" in harness.link_in(notice)
        fetch(browser, notice, password_in(relayed), files)
    finally:
        gateway.stop()
        exchange.stop()


# spec: section 7 (serve --role)
def test_each_role_in_a_process_of_its_own(folder, postgres, mailboxes, browser):
    port = harness.free_port()
    shared = {
        "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "database": {"url": postgres.database("roles")},
        "files": {"url": f"file:{folder / 'roles-files'}"}, "keys": {"master": "ab" * 32},
        "http": {"listen": f"127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{port}"},
    }
    nodes = {}
    try:
        for role in ("gateway", "exchange", "worker"):
            nodes[role] = harness.Fubako(folder / f"role-{role}", shared)
            nodes[role].http = port
            nodes[role].start(role)
        gateway, exchange, worker = nodes.values()
        assert not any(map(harness.listening, (exchange.starttls, exchange.tls, worker.starttls, worker.tls)))
        before = len(mailboxes.raw(TO))
        files = send_one(gateway)
        relayed, notice = relayed_and_notice(mailboxes, TO, before)
        fetch(browser, notice, password_in(relayed), files)
        # Whoever is left does the work.
        worker.stop(how=9)
        exchange.stop(how=9)
        before = len(mailboxes.raw(TO))
        files = send_one(gateway)
        relayed, notice = relayed_and_notice(mailboxes, TO, before)
        exchange.start("exchange")
        fetch(browser, notice, password_in(relayed), files)
    finally:
        for node in nodes.values():
            node.stop()
