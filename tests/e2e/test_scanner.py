"""Files are scanned on the way in and again on the way out, by a real clamd. What it finds on the way in: test_codes.py."""
import pytest

import harness
import mails
from test_faults import TO, one_file, submit
from test_path import fetch, password_in, relayed_and_notice


@pytest.fixture(scope="module")
def clamd(folder):
    server = harness.Clamd(folder / "clamd").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def scanning(folder, clamd, mailboxes):
    server = harness.Fubako(folder / "scanning", {
        "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "scanner": {"clamd": f"unix:{clamd.socket}"},
    }).start()
    yield server
    server.stop()


# spec: KEEP-VIRUS X-RECEIVE
def test_what_is_known_later_is_found_on_the_way_out(scanning, clamd, mailboxes, browser):
    octets = mails.pdf()
    before = len(mailboxes.raw(TO))
    submit(scanning, one_file(b"later", octets=octets))
    relayed, notice = relayed_and_notice(mailboxes, TO, before)
    clamd.learn("Later-Test-Signature", octets)
    clamd.reload()
    browser.open(harness.link_in(notice))
    browser.type_password(password_in(relayed))
    link = browser.links("/files/")[0].get_attribute("href")
    browser.open(link)
    assert not any(p.name == "a.pdf" and p.read_bytes() == octets for p in browser.downloads.iterdir())
    assert any(word in browser.text() for word in ("ウイルス", "virus")), browser.text()
    assert browser.axe() == []


# spec: KEEP-VIRUS MAIL-DEPOSIT
def test_without_a_scanner_files_wait_and_never_pass(scanning, clamd, mailboxes, browser):
    clamd.stop()
    octets = mails.pdf()
    before = len(mailboxes.raw(TO))
    submit(scanning, one_file(b"waits", octets=octets))
    harness.wait_for("the mail waits", lambda: [r for r in scanning.queue() if r["attempts"] > 0])
    [row] = scanning.queue()
    assert row["state"] == "received" and len(mailboxes.raw(TO)) == before
    clamd.start()
    assert scanning.run("queue", "retry", row["id"]).returncode == 0
    relayed, notice = relayed_and_notice(mailboxes, TO, before)
    fetch(browser, notice, password_in(relayed), {"a.pdf": mails.sha(octets)})
