"""The certificate that is ordered and renewed by itself, with Pebble as the one who issues (spec RCV-TLS, RUN-SETUP)."""
import contextlib
import http.client
import json
import os
import re
import smtplib
import socket
import ssl
import stat
import subprocess

import pytest

import harness

HOST, OWN, GATEWAY = "files.acme.example", "own.acme.example", "gateway.acme.example"
ACCOUNT, KEY = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


class Pebble:
    """An issuer that looks at `https_port` for what shows that a name is ours, and knows us by an account of its own."""

    def __init__(self, folder, https_port, dns, life=None):
        folder.mkdir(parents=True)
        self.port, self.management, self.root = harness.free_port(), harness.free_port(), folder / "root.pem"
        key = folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
                        "-keyout", key, "-out", self.root], check=True, capture_output=True)
        about = {"listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
                 "certificate": str(self.root), "privateKey": str(key), "httpPort": harness.free_port(), "tlsPort": https_port,
                 "ocspResponderURL": "", "externalAccountBindingRequired": True, "externalAccountMACKeys": {ACCOUNT: KEY}}
        if life:
            about["certificateValidityPeriod"] = life
        self.config, self.dns, self.folder = folder / "pebble.json", dns, folder
        self.config.write_text(json.dumps({"pebble": about}))
        self.directory = f"https://localhost:{self.port}/dir"
        self.process = None

    def start(self):
        self.process = harness.Process(["pebble", "-config", self.config, "-dnsserver", f"127.0.0.1:{self.dns.port}"],
                                       self.folder / "log", env={"PEBBLE_VA_NOSLEEP": "1"})
        harness.wait_for("Pebble listens", lambda: harness.listening(self.port) and harness.listening(self.management))
        return self

    def stop(self):
        process, self.process = self.process, None
        if process:
            process.stop()

    def trusted(self):
        """A context that trusts what it issues. (Its root is a new one at each start.)"""
        context = ssl.create_default_context(cafile=self.root)
        import urllib.request
        with urllib.request.urlopen(f"https://localhost:{self.management}/roots/0", timeout=30, context=context) as answer:
            return ssl.create_default_context(cadata=answer.read().decode())


@pytest.fixture
def dns():
    server = harness.Dns({(name, "A"): ["127.0.0.1"] for name in (HOST, OWN)})
    yield server
    server.stop()


@pytest.fixture
def place(folder, request, dns):
    """The installation, not yet started, and its issuer, not yet either."""
    own = folder / f"acme-{abs(hash(request.node.name))}"
    # What is configured first is where Pebble is told to look.
    pebble = Pebble(own / "pebble", 0, dns, life=getattr(request, "param", None))
    site = harness.Fubako(own / "fubako", {
        "http": {"tls": True, "public_url": f"https://{HOST}", "own_domains": [OWN]},
        "tls.acme": {"terms_of_service_agreed": True, "directory": pebble.directory, "contact": ["it@acme.example"],
                     "trusted_certificate": str(pebble.root), "external_account_id": ACCOUNT, "external_account_key": KEY}})
    about = json.loads(pebble.config.read_text())
    about["pebble"]["tlsPort"] = site.http
    pebble.config.write_text(json.dumps(about))
    yield site, pebble
    site.stop()
    pebble.stop()


def shown(port, name, context=None, protocols=()):
    """The certificate that is shown for a name, in DER, by whoever listens there."""
    if context is None:
        context = ssl._create_unverified_context()
    if protocols:
        context.set_alpn_protocols(list(protocols))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as plain, context.wrap_socket(plain, server_hostname=name) as tls:
        return tls.getpeercert(binary_form=True)


def issued(site, pebble, seconds=120):
    """The certificate, when the issuer's is shown for both names."""
    def good():
        with contextlib.suppress(ssl.SSLError):
            return shown(site.http, HOST, pebble.trusted()) == shown(site.http, OWN, pebble.trusted()) and shown(site.http, HOST)
    return harness.wait_for("the issuer's certificate is shown", good, seconds, every=0.5)


# spec: RCV-TLS RUN-SETUP
def test_a_certificate_comes_by_itself_and_stays(place):
    site, pebble = place
    pebble.start()
    site.start()
    certificate = issued(site, pebble)
    # The listeners of mail show it too; it is not for a name that was not ordered.
    with smtplib.SMTP("127.0.0.1", site.starttls) as smtp:
        smtp.starttls()
        assert smtp.sock.getpeercert(binary_form=True) == certificate
    assert shown(site.tls, GATEWAY) == certificate
    with pytest.raises(ssl.SSLCertVerificationError):
        shown(site.http, GATEWAY, pebble.trusted())
    # Nobody but us reads the key and the account.
    kept = list((site.data / "tls/acme").iterdir())
    assert len(kept) == 2 and all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in kept)
    assert KEY not in site.log.read_text() and "PRIVATE KEY" not in site.log.read_text()
    # Who checks a name that is not being checked gets nothing, nor does who asks for it on the mail's port.
    with pytest.raises(ssl.SSLError):
        shown(site.http, HOST, protocols=["acme-tls/1"])
    assert shown(site.tls, HOST, protocols=["acme-tls/1"]) == certificate
    assert shown(site.http, HOST, protocols=["acme-tls/1", "h2"]) == certificate
    # The set-up check judges what is shown: by what the system trusts, which Pebble's root is not.
    [found] = [f for f in json.loads(site.run("check", "--json", check=False).stdout)["findings"] if f["name"].startswith("certificate-")]
    assert found["name"] == "certificate-wrong" and "UnknownIssuer" in json.dumps(found)
    # The next start needs nobody.
    site.stop()
    pebble.stop()
    site.start()
    assert shown(site.http, HOST) == certificate and "(ACME)" not in site.log.read_text()
    # Without what was kept it serves all the same, and says what is the matter.
    site.stop()
    (site.data / "tls/acme/certificate.pem").unlink()
    site.start()
    assert shown(site.http, HOST) != certificate
    harness.wait_for("it says so", lambda: re.search("no new certificate \\(ACME\\).*refused", site.log.read_text()))


# spec: RCV-TLS RUN-SETUP
@pytest.mark.parametrize("place", [60], indirect=True)
def test_it_is_renewed_before_it_ends_while_all_goes_on(place):
    site, pebble = place
    pebble.start()
    site.start()
    first = issued(site, pebble)
    account = {file.name: file.read_bytes() for file in (site.data / "tls/acme").glob("account*")}
    # Whoever is connected stays so, as long as they ask for something now and then.
    held = http.client.HTTPSConnection("127.0.0.1", site.http, timeout=60, context=ssl._create_unverified_context())
    held.connect()
    held.auto_open = 0

    def goes_on():
        held.request("GET", "/sign-in", headers={"Host": HOST})
        answer = held.getresponse()
        answer.read()
        return answer.status == 200

    def renewed():
        assert goes_on()
        return (now := shown(site.http, HOST)) != first and now
    second = harness.wait_for("the next one", renewed, 120, every=1)
    assert goes_on()
    held.close()
    assert shown(site.http, HOST, pebble.trusted()) and second != first
    assert account == {file.name: file.read_bytes() for file in (site.data / "tls/acme").glob("account*")}


# spec: RCV-TLS RUN-SETUP
def test_without_a_certificate_it_serves_and_says_why_and_tries_again(place, dns):
    site, pebble = place
    # The issuer does not find us: a name leads elsewhere.
    dns.records[(OWN, "A")] = ["127.0.0.9"]
    pebble.start()
    site.start()
    own = shown(site.http, HOST)
    assert "no certificate has come yet (tls.acme)" in site.log.read_text()
    said = harness.wait_for("which name", lambda: re.search(rf"{OWN} was not proven to be ours: .*urn:ietf:params:acme:error", site.log.read_text()), 120)
    assert HOST not in said[0] and shown(site.http, HOST) == own
    assert not (site.data / "tls/acme/certificate.pem").exists()
    dns.records[(OWN, "A")] = ["127.0.0.1"]
    issued(site, pebble, 120)


# spec: RCV-TLS
def test_files_that_are_renewed_are_shown_without_a_new_start(folder):
    own = folder / "renewed-files"
    own.mkdir()
    chain, key = own / "chain.pem", own / "key.pem"

    def make():
        fresh = own / "fresh.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key, "-out", fresh], check=True, capture_output=True)
        os.replace(fresh, chain)
        return ssl.PEM_cert_to_DER_cert(chain.read_text())

    first = make()
    site = harness.Fubako(own / "fubako", {"http": {"tls": True}, "tls": {"certificate": str(chain), "key": str(key)}}).start()
    try:
        assert shown(site.http, HOST) == first == shown(site.tls, HOST)
        # One without its key is not shown, which is said once.
        whole = key.read_bytes()
        second = make()
        fresh = key.read_bytes()
        key.write_bytes(whole)
        harness.wait_for("it says so", lambda: "cannot be used" in site.log.read_text(), 90)
        assert shown(site.http, HOST) == first
        key.write_bytes(fresh)
        harness.wait_for("the new one", lambda: shown(site.http, HOST) == second == shown(site.tls, HOST), 90, every=1)
    finally:
        site.stop()
