"""A section's own domain: its links are there and nothing else is, and where the installation serves it no more, mail is stopped
(spec X-NOTICE, X-OPERATOR, MAIL-SENDER)."""
import http.client
import json
import smtplib
import ssl

import pytest

import harness
import mails
from test_path import fetch, password_in, relayed_and_notice

# Chromium takes every name below localhost for this machine.
OWN, OTHER, NOWHERE = "files.localhost", "other.localhost", "files.nowhere.example"
TO = "suzuki@recipient.example"


def declared(link_url):
    settings = f"settings = {{ link_url = {json.dumps(link_url)} }}"
    return harness.SECTION.replace('domains = ["acme.example"]', f'domains = ["acme.example"]\n{settings}')


@pytest.fixture(scope="module")
def site(folder):
    place = folder / "own-domain"
    place.mkdir()
    mailboxes = harness.Mailboxes(place, [TO, "tanaka@acme.example"]).start()
    dns = harness.Dns({(OWN, "A"): ["127.0.0.1"]})
    server = harness.Fubako(place / "fubako", {
        "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "dns": {"servers": [f"127.0.0.1:{dns.port}"]},
        "http": {"tls": True, "own_domains": [OWN, OTHER, NOWHERE]}})
    server.mailboxes = mailboxes
    server.own = f"https://{OWN}:{server.http}"
    apply(server, server.own)
    server.start()
    yield server
    server.stop()
    mailboxes.stop()
    dns.stop()


def apply(server, link_url):
    file = server.folder / "changed.toml"
    file.write_text(declared(link_url))
    return server.run("apply", file).stdout


def send(server):
    octets = b"%PDF the own domain"
    mail = mails.multipart(mails.head(sender=b"tanaka@acme.example"), [(b"Content-Type: text/plain\r\n", b"see the file"), mails.attachment(
        b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', octets)])
    with smtplib.SMTP("127.0.0.1", server.starttls) as smtp:
        smtp.starttls()
        smtp.sendmail("tanaka@acme.example", [TO], mail)
    return {"a.pdf": mails.sha(octets)}


def status(server, host, path):
    """What is answered to who asks under this name."""
    connection = http.client.HTTPSConnection("127.0.0.1", server.http, timeout=60, context=ssl._create_unverified_context())
    try:
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


# spec: X-NOTICE X-RECEIVE
def test_links_are_on_the_own_domain_and_nothing_else_is(site, browser):
    before = len(site.mailboxes.raw(TO))
    files = send(site)
    relayed, notice = relayed_and_notice(site.mailboxes, TO, before)
    link = harness.link_in(notice)
    assert link.startswith(f"{site.own}/d/"), link
    fetch(browser, notice, password_in(relayed), files)
    assert browser.driver.current_url.startswith(site.own)
    path = link.removeprefix(site.own)
    own, port = f"{OWN}:{site.http}", site.http
    assert status(site, own, path) == status(site, OWN.upper(), path) == status(site, f"127.0.0.1:{port}", path) == 200
    for host, expected in ((own, 404), (f"{OTHER}:{port}", 404), ("evil.example", 421), (f"127.0.0.1:{port}", 200)):
        assert status(site, host, "/sign-in") == expected, host
    assert status(site, f"{OTHER}:{port}", path) == 404 and status(site, "evil.example", path) == 421
    assert status(site, own, "/me") == status(site, own, "/operator/maintenance") == 404
    browser.open(f"{site.own}/sign-in?lang=ja")
    assert browser.axe() == [] and "お探しのページが見つかりません" in browser.text()


# spec: MAIL-SENDER NOTICE RUN-SETUP
def test_an_own_domain_that_is_served_no_more_is_explained_and_stops_mail(site):
    def found(name):
        report = json.loads(site.run("check", "--section", "acme", "--json", check=False).stdout)
        return [f for f in report["findings"] if f["name"].startswith(name)]

    # Nobody outside would take the certificate that was made here.
    assert [f["name"] for f in found("own-domain")] == ["own-domain-certificate"]
    apply(site, f"https://{NOWHERE}:{site.http}")
    assert [f["name"] for f in found("own-domain")] == ["own-domain-missing"]
    said = apply(site, "https://gone.localhost")
    try:
        assert "warning: the own domain gone.localhost" in said and "wrong-domain" in said
        [finding] = found("own-domain")
        assert finding["name"] == "own-domain-not-served" and "http.own_domains" in finding["next"]
        there, before = len(site.mailboxes.raw(TO)), len(site.mailboxes.raw("tanaka@acme.example"))
        send(site)
        notice = site.mailboxes.wait("tanaka@acme.example", before + 1)[before]
        assert "(wrong-domain)" in harness.bodies(notice)[0] and len(site.mailboxes.raw(TO)) == there
    finally:
        apply(site, site.own)
    send(site)
    site.mailboxes.wait(TO, there + 2)
