"""`fubako check`: what is right, what is wrong, and how to mend it (RUN-SETUP, section 7)."""
import contextlib
import json
import socket
import struct
import threading
import time

import pytest

import harness

HOST, DOMAIN = "gateway.acme.example", "acme.example"


@contextlib.contextmanager
def time_server(ahead=0.0):
    """A time server whose clock is ahead of ours."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                _, peer = server.recvfrom(64)
                now = time.time() + ahead + 2208988800
                stamp = struct.pack(">II", int(now) & 0xFFFFFFFF, int(now % 1 * 2**32))
                server.sendto(bytes([0x24, 2]) + bytes(38) + stamp, peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.close()


def txt(value):
    return " ".join(json.dumps(value[at:at + 200]) for at in range(0, len(value), 200))


@pytest.fixture
def dns():
    server = harness.Dns({
        (HOST, "A"): ["192.0.2.10"],
        ("10.2.0.192.in-addr.arpa", "PTR"): [HOST + "."],
        (HOST, "TXT"): [txt("v=spf1 a -all")],
        (DOMAIN, "TXT"): [txt(f"v=spf1 a:{HOST} -all"), txt("something-else=1")],
        (DOMAIN, "MX"): [f"10 {HOST}."],
        ("_dmarc." + DOMAIN, "TXT"): [txt("v=DMARC1; p=Reject")],
    })
    yield server
    server.stop()


@pytest.fixture(scope="module")
def clamd(folder):
    server = harness.Clamd(folder / "clamd-check").start()
    yield server
    server.stop()


def installation(folder, dns, clock, declaration=harness.SECTION, **tables):
    return harness.Fubako(folder, {
        "http": {"public_url": f"https://{HOST}"}, "dns": {"servers": [f"127.0.0.1:{dns.port}"]}, "check": {"time_server": clock}, **tables,
    }, declaration)


def check(server, *arguments):
    done = server.run("check", "--json", *arguments, check=False)
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0), done.stderr
    return report["ok"], {(f["section"], f["name"], f["about"]): f for f in report["findings"]}


# spec: RUN-SETUP
def test_all_is_well(folder, dns, clamd):
    with time_server() as clock:
        server = installation(folder / "well", dns, clock, scanner={"clamd": f"unix:{clamd.socket}"})
        for name, value in server.dns_records().items():
            dns.records[name, "TXT"] = [txt(value)]
        ok, found = check(server)
        names = {name for _, name, _ in found}
        unknown = {name for (_, name, _), f in found.items() if f["state"] == "unknown"}
        assert ok and {f["state"] for f in found.values()} <= {"ok", "warning", "unknown"} and unknown == {"listener-silent"}, found
        assert {n for (_, n, _), f in found.items() if f["state"] == "warning"} == {"certificate-self-signed"}
        assert names >= {"database-there", "storage-works", "clock-right", "host-there", "reverse-there", "url-safe", "scanner-finds", "scanner-tells-encrypted",
                         "scanner-tells-limits", "spf-passes", "dkim-published", "dmarc-published", "mx-there", "section-on", "default-user-there"}
        assert found["acme", "dmarc-published", DOMAIN]["values"] == {"policy": "reject"}
        assert not list((server.data / "files").glob("**/*.part")), "the object that was written is gone"
        japanese = server.run("check", "--lang", "ja").stdout
        assert "問題は見つかりませんでした" in japanese and "== セクション acme" in japanese
        assert japanese.index("! [tls]") < japanese.index("✓ [storage]"), "what is to be done comes first"


# spec: RUN-SETUP RCV-TENANT KEEP-VIRUS
def test_everything_is_wrong_and_each_thing_is_told(folder, dns):
    declaration = harness.SECTION.replace("mail_link = true", "mail_link = false", 1) + """
[[section]]
id = "shared"
name = "共有"
mail_link = true
autopilot = false
domains = ["shared.example", "broken.example", "nothing.example", "down.example", "open.example"]
[section.settings]
proof = "spf"
[[section]]
id = "replay"
name = "署名"
mail_link = true
autopilot = true
domains = ["google.example"]
settings = { proof = "dkim" }
"""
    dns.records.update({
        (HOST, "A"): ["192.0.2.99"],
        (HOST, "TXT"): [txt("v=spf1 ip4:192.0.2.1 -all")],
        ("fubako-rsa._domainkey." + DOMAIN, "TXT"): [txt("v=DKIM1; k=rsa; p=AAAA")],
        (DOMAIN, "TXT"): [txt("v=spf1 -all"), txt("v=spf1 +all")],
        ("_dmarc." + DOMAIN, "TXT"): [txt("v=DMARC1; p=perhaps")],
        ("shared.example", "TXT"): [txt("v=spf1 include:spf.shared.example -all")],
        ("spf.shared.example", "TXT"): [txt("v=spf1 include:spf.protection.outlook.com -all")],
        ("open.example", "TXT"): [txt("v=spf1 +all")],
        ("google.example", "TXT"): [txt("v=spf1 include:_spf.google.com -all")],
        ("_spf.google.com", "TXT"): [txt("v=spf1 ip4:192.0.2.0/24 -all")],
        ("spf.protection.outlook.com", "TXT"): [txt("v=spf1 ip4:192.0.2.0/24 -all")],
        ("broken.example", "TXT"): [txt("v=spf1 wrong:x -all")],
    })
    dns.broken.add("down.example")
    with time_server(ahead=3600) as clock:
        server = installation(folder / "wrong", dns, clock, declaration, http={"public_url": f"http://{HOST}"},
                              relay={"smarthost": "127.0.0.1:1"}, scanner={"clamd": "unix:/nonexistent/clamd.sock"})
        ok, found = check(server)
        state = {(section, name, about): f["state"] for (section, name, about), f in found.items()}
        assert not ok
        for wanted in [
            (None, "clock-off"), (None, "url-not-safe"), (None, "smarthost-away"), (None, "scanner-away"), (None, "dkim-missing"),
            ("acme", "option-off"), ("acme", "record-twice"), ("acme", "dkim-different"), ("acme", "dkim-missing"), ("acme", "dmarc-broken"),
            ("shared", "autopilot-off"), ("shared", "proof-shared"), ("shared", "proof-open"), ("shared", "spf-missing"), ("shared", "mail-link-group-missing"),
        ]:
            assert any(key[:2] == wanted and value == "wrong" for key, value in state.items()), (wanted, state)
        assert state["replay", "proof-replay", "google.example"] == "warning" and "Google Workspace" in found["replay", "proof-replay", "google.example"]["what"]
        assert state["shared", "dns-away", "down.example"] == "unknown" and state["shared", "default-user-missing", "shared"] == "warning"
        assert state["shared", "dkim-none", "shared.example"] == "warning" and state["shared", "mx-missing", "nothing.example"] == "warning"
        assert all(f["next"] for f in found.values() if f["state"] != "ok")
        assert "Exchange Online" in found["shared", "proof-shared", "shared.example"]["what"]
        record = found["acme", "dkim-different", "fubako-rsa._domainkey." + DOMAIN]["values"]["record"]
        assert record == server.dns_records()["fubako-rsa._domainkey." + DOMAIN] and record in found[
            "acme", "dkim-different", "fubako-rsa._domainkey." + DOMAIN]["next"]

        _, one = check(server, "--section", "acme")
        assert {section for section, _, _ in one} == {None, "acme"}
        assert server.run("check", "--section", "nobody", check=False).returncode != 0


# spec: RUN-SETUP RCV-TENANT RCV-SPF
def test_who_else_may_send_for_a_domain_is_told(folder, dns):
    def section(name, proof, extra=""):
        return f'''
[[section]]
id = "{name}"
name = "{name}"
mail_link = true
autopilot = true
domains = ["{name}.example"]
{extra}
settings = {{ proof = "{proof}"{', secret_header = "X-Proof"' if extra else ""} }}
{harness.DEPOSITOR}'''
    records = {
        "halves": "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", "half": f"v=spf1 a:{HOST} ip4:1.2.3.4/1 -all", "wide": "v=spf1 ip4:10.0.0.0/12 -all",
        "signed": "v=spf1 include:spf.partner.test include:_spf.signed.example ip6:2000::/20 -all", "hoster": "v=spf1 a:www1.sakura.ne.jp -all",
        "cloud": "v=spf1 include:spf.protection.outlook.com include:spf.partner.test -all", "narrow": "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/48 -all",
    }
    dns.records.update({(f"{name}.example", "TXT"): [txt(record)] for name, record in records.items()})
    dns.records.update({("_spf.signed.example", "TXT"): [txt("v=spf1 include:nested.test -all")], ("nested.test", "TXT"): [txt("v=spf1 -all")],
                        ("spf.partner.test", "TXT"): [txt("v=spf1 include:deep.test ip4:192.0.2.7 -all")], ("deep.test", "TXT"): [txt("v=spf1 -all")]})
    proofs = {"signed": "dkim", "cloud": "secret-header"}
    declaration = harness.SECTION + "".join(
        section(name, proofs.get(name, "spf"), 'secret = "correct-horse-battery-staple"' if name == "cloud" else "") for name in records)
    with time_server() as clock:
        server = installation(folder / "senders", dns, clock, declaration, notices={"from": "noreply@notices.example"})
        del dns.records[HOST, "TXT"]
        _, found = check(server)
        told = {(section, name): f for (section, name, _), f in found.items() if f["state"] in ("wrong", "warning")}
        named = {(section, name, f["values"].get("name")) for (section, name, about), f in found.items()}
        for wanted, state in {("halves", "proof-open"): "wrong", ("half", "proof-open"): "wrong", ("wide", "spf-wide"): "warning", ("hoster", "proof-shared"): "wrong",
                              ("signed", "spf-foreign"): "warning", ("cloud", "certificate-provider"): "wrong"}.items():
            assert told[wanted]["state"] == state and told[wanted]["next"], (wanted, told)
        assert "ip4:10.0.0.0/12" in told["wide", "spf-wide"]["what"] and "さくら" in told["hoster", "proof-shared"]["what"]
        rows = json.loads(server.run("check", "--json", check=False).stdout)["findings"]
        foreign = {(row["section"], row["values"]["name"]) for row in rows if row["name"] == "spf-foreign"}
        assert foreign == {("signed", "spf.partner.test"), ("signed", "nested.test")}, named
        assert told["signed", "spf-wide"]["values"]["ranges"].startswith("ip6:2000::/20") and ("signed", "spf-open") not in told
        assert not {name for section, name in told if section == "narrow"} & {"spf-wide", "spf-foreign", "proof-open", "proof-shared"}
        assert ("cloud", "spf-foreign") not in told, "with the secret, SPF is not what counts"
        # The host's own name, for mails with an empty sender.
        assert found[None, "spf-missing", HOST]["state"] == "warning" and found[None, "spf-missing", "notices.example"]["state"] == "wrong"


# spec: RUN-SETUP
def test_whether_the_listeners_take_connections_is_looked_at(folder, dns):
    with time_server() as clock:
        server = installation(folder / "listeners", dns, clock, smtp={"hostname": HOST}).start()
        try:
            _, found = check(server)
            assert {about for (_, name, about) in found if name == "listener-there"} == {f"127.0.0.1:{port}" for port in (server.starttls, server.tls)}
        finally:
            server.stop()
        _, found = check(server)
        assert found[None, "listener-silent", f"127.0.0.1:{server.tls}"]["state"] == "unknown"


# spec: RUN-SETUP KEEP-VIRUS
@pytest.mark.parametrize("alerts, settings, wrong", [
    ("", "", {"scanner-passes-encrypted": "AlertEncrypted yes", "scanner-passes-limits": "AlertExceedsMax yes"}),
    (harness.Clamd.ALERTS, "HeuristicScanPrecedence yes\n", {"scanner-stops-early": "HeuristicScanPrecedence"}),
])
def test_a_clamd_that_does_not_tell_apart_what_it_cannot_look_into_is_told_of(folder, dns, alerts, settings, wrong):
    name = f"clamd-check-{len(settings)}"
    clamd = harness.Clamd(folder / name, settings, alerts).start()
    try:
        with time_server() as clock:
            server = installation(folder / f"{name}-fubako", dns, clock, scanner={"clamd": f"unix:{clamd.socket}"})
            ok, found = check(server)
            japanese = server.run("check", "--lang", "ja", check=False).stdout
        scanner = {name: f for (_, name, _), f in found.items() if f["area"] == "scanner"}
        assert not ok and {name for name, f in scanner.items() if f["state"] == "wrong"} == set(wrong), scanner
        assert all(line in scanner[name]["next"] and line in japanese for name, line in wrong.items())
    finally:
        clamd.stop()


# spec: RUN-SETUP RCV-SPF
def test_spf_is_looked_at_with_the_address_that_mail_leaves_from(folder, dns):
    with time_server() as clock:
        server = installation(folder / "spf", dns, clock)
        for record, name, state in [
            ("v=spf1 ip4:192.0.2.1 -all", "spf-not-us", "wrong"),
            ("v=spf1 wrong:x -all", "spf-broken", "wrong"),
            (f"v=spf1 a:{HOST} ~all", "spf-passes", "ok"),
        ]:
            dns.records[DOMAIN, "TXT"] = [txt(record)]
            _, found = check(server)
            assert found["acme", name, DOMAIN]["state"] == state, found


# spec: RUN-SETUP
def test_a_clock_that_nobody_confirms_is_not_called_right(folder, dns):
    with time_server() as clock:
        server = installation(folder / "clock", dns, clock)
    _, found = check(server)
    assert found[None, "clock-away", clock]["state"] == "unknown"
