"""From where people and programs may come: lists of networks, on a real listener behind a proxy that is named, and for a gateway in a
process of its own (spec X-ACCOUNTS, MAIL-SENDER)."""
import re
import smtplib
import urllib.error
import urllib.parse
import urllib.request

import pytest

import harness
import mails
import test_codes
from test_accounts import LANGS, OTHER, PASSWORD, REFUSED, SIZES, Person, choose, link

OFFICE, ELSEWHERE = "192.0.2.7", "198.51.100.7"
ADMINISTRATOR = """
[[section.user]]
login_id = "kanri"
address = "kanri@acme.example"
administrator = true
"""
# A browser here comes from 127.0.0.1, so that the whole of it is the office.
OPEN, OFFICE_ONLY, SHUT = [], ["127.0.0.0/8", "192.0.2.0/24", "2001:db8::/32"], ["192.0.2.0/24"]
PLAIN = {"ja": "このネットワークからは利用できません", "en": "Not from this network"}


def declared(networks):
    settings = f"settings = {{ screen_networks = {networks} }}".replace("'", '"')
    return harness.SECTION.replace('domains = ["acme.example"]', f'domains = ["acme.example"]\n{settings}') + ADMINISTRATOR


def apply(site, networks):
    file = site.folder / "changed.toml"
    file.write_text(declared(networks))
    return site.run("apply", file).stdout


@pytest.fixture(scope="module")
def site(folder):
    server = harness.Fubako(folder / "networks", {"http": {"operator_networks": ["127.0.0.1", "192.0.2.0/24"]}}, declared(OPEN)).start()
    server.base = f"http://127.0.0.1:{server.http}"
    yield server
    server.stop()


# spec: X-ACCOUNTS X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_session_rests_while_its_network_is_not_on_the_list(site, browser, lang, size):
    apply(site, OPEN)
    url = link(site.run("operator", "reset", "acme/kanri").stdout)
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        browser.driver.delete_all_cookies()
        choose(person, url, PASSWORD)
        person.sign_in("acme/kanri", PASSWORD)
        apply(site, OFFICE_ONLY)
        assert person.is_in()
        # Who would be shut out is said aloud, by both commands; and is shut out, at once.
        said = apply(site, SHUT)
        assert re.search(r"^warning: .*screen_networks.*127\.0\.0\.1.*kanri", said, re.M), said
        checked = site.run("check", "--json", check=False).stdout
        assert "networks-shut-out" in checked and "kanri" in checked
        assert PLAIN[lang] in person.open("/me") and PLAIN[lang] in person.open("/section/deposits")
        apply(site, OFFICE_ONLY)
        assert person.is_in(), "the session did not end"
        person.send("/sign-out")
        apply(site, SHUT)
        assert REFUSED[lang] in person.sign_in("acme/kanri", PASSWORD)
        apply(site, OFFICE_ONLY)
        person.sign_in("acme/kanri", PASSWORD)
        assert person.is_in()
        person.send("/sign-out")


class At:
    """Somebody who sends forms through the proxy on this host, which says where they are; and more, where they say it themselves."""

    def __init__(self, site, forwarded):
        self.site, self.forwarded, self.cookie = site, forwarded, ""

    def ask(self, path, **fields):
        headers = {"X-Forwarded-For": self.forwarded, "Cookie": self.cookie, "Accept-Language": "en"}
        request = urllib.request.Request(self.site.base + path, urllib.parse.urlencode(fields).encode() if fields else None, headers)
        opener = urllib.request.build_opener(type("Stay", (urllib.request.HTTPRedirectHandler,), {"redirect_request": lambda *_: None}))
        try:
            answer = opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        if cookie := answer.headers.get("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        return answer.status, answer.read().decode()


# spec: X-ACCOUNTS
def test_what_the_proxy_says_counts_and_what_a_stranger_says_to_it_does_not(site):
    apply(site, OFFICE_ONLY)
    url = link(site.run("operator", "reset", "acme/kanri").stdout).replace(site.base, "")
    operator_url = link(site.run("operator", "add", "root", "--address", "root@ops.example").stdout).replace(site.base, "")
    for name, path in (("acme/kanri", url), ("root", operator_url)):
        assert At(site, ELSEWHERE).ask(path)[0] == 403
        assert At(site, ELSEWHERE).ask(path, password=OTHER, again=OTHER)[0] == 403
        at = At(site, f"{ELSEWHERE}, {OFFICE}")
        assert at.ask(path, password=OTHER, again=OTHER)[0] == 303
        assert at.ask("/sign-in", name=name, password=OTHER)[0] == 303
        assert at.ask("/me")[0] == 200
        for forwarded in (ELSEWHERE, f"{OFFICE}, {ELSEWHERE}", f"{OFFICE},{ELSEWHERE}", "::ffff:198.51.100.7", "2001:db9::1"):
            at.forwarded = forwarded
            status, page = at.ask("/me")
            assert status == 403 and PLAIN["en"] in page and name not in page, (forwarded, page)
            assert At(site, forwarded).ask("/sign-in", name=name, password=OTHER)[0] == 403
        at.forwarded = "::ffff:192.0.2.9"
        assert at.ask("/me")[0] == 200
    assert "not permitted" in site.log.read_text() and "elsewhere" in site.run("verify", "--audit", check=False).stdout + site.log.read_text().lower()


# spec: X-ACCOUNTS
def test_a_forged_header_without_the_proxy_is_nothing(folder):
    """Here nobody is a proxy: whoever connects is where they connect from."""
    server = harness.Fubako(folder / "no-proxy", {"http": {"proxies": []}}, declared(SHUT)).start()
    server.base = f"http://127.0.0.1:{server.http}"
    try:
        url = link(server.run("operator", "reset", "acme/kanri").stdout).replace(server.base, "")
        assert At(server, OFFICE).ask(url)[0] == 403
        server.run("apply", server.folder / "sections.toml")
        (server.folder / "open.toml").write_text(declared(OFFICE_ONLY))
        server.run("apply", server.folder / "open.toml")
        assert At(server, ELSEWHERE).ask(url)[0] == 200
    finally:
        server.stop()


# spec: MAIL-SENDER X-ACCOUNTS NOTICE
def test_a_gateway_elsewhere_is_told_ip_not_allowed_and_its_sender_hears_of_it(folder):
    token, sender, to = "t" * 40, "tanaka@acme.example", "suzuki@recipient.example"
    place = folder / "ip-not-allowed"
    place.mkdir()
    mailboxes = harness.Mailboxes(place, [sender, to]).start()
    smarthost = {"smarthost": f"127.0.0.1:{mailboxes.port}"}
    api = harness.SECTION.replace('domains = ["acme.example"]', 'domains = ["acme.example"]\nsettings = { api_networks = ["192.0.2.0/24"] }')
    exchange = harness.Fubako(place / "exchange", {"relay": smarthost, "api": {"gateway_token": token}, "http": {"tls": True}}, api).start()
    gateway = harness.Fubako(place / "gateway", {"relay": smarthost, "exchange": {
        "url": f"https://127.0.0.1:{exchange.http}", "token": token, "certificate": str(exchange.data / "tls/certificate.pem")}}).start()

    mail = test_codes.files("a.pdf")

    def submit(server):
        with smtplib.SMTP("127.0.0.1", server.starttls, timeout=120) as smtp:
            smtp.starttls()
            smtp.sendmail(sender, [to], mail)

    try:
        submit(gateway)
        [notice] = mailboxes.wait(sender, 1)
        case = test_codes.Case(mail, sender=sender)
        test_codes.check_fields(case, notice)
        test_codes.check_words("ip-not-allowed", case, notice)
        assert "127.0.0.1" not in "".join(harness.bodies(notice)), "the address is for the log"
        assert "ip-not-allowed" in gateway.log.read_text() and "from 127.0.0.1" in exchange.log.read_text()
        assert not mailboxes.raw(to)
        # The exchange's own gateway comes from no network; and the other one does once its own is on the list.
        submit(exchange)
        mailboxes.wait(to, 2)
        (place / "open.toml").write_text(api.replace("192.0.2.0/24", "127.0.0.0/8"))
        exchange.run("apply", place / "open.toml")
        submit(gateway)
        mailboxes.wait(to, 4)
        assert len(mailboxes.raw(sender)) == 1
    finally:
        gateway.stop()
        exchange.stop()
        mailboxes.stop()
