"""Files are scanned on the way in and again on the way out, by a real clamd. Each code of it: test_codes.py."""
import contextlib
import os
import time

import pytest

import harness
import mails
from test_faults import FROM, TO, one_file, submit
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


def stopped(scanning, mailboxes, mail):
    """The notice that the sender got; the recipient got nothing."""
    before, there = len(mailboxes.raw(FROM)), len(mailboxes.raw(TO))
    submit(scanning, mail)
    notice = mailboxes.wait(FROM, before + 1)[before]
    assert len(mailboxes.raw(TO)) == there
    return harness.bodies(notice)[0]


@contextlib.contextmanager
def section_set(server, **settings):
    """The section has these settings meanwhile."""
    def apply(settings):
        server.declaration.write_text(harness.SECTION + "[section.settings]\n" + "".join(f'{name} = "{value}"\n' for name, value in settings.items()))
        server.run("apply", server.declaration)

    apply(settings)
    try:
        yield
    finally:
        # What is not named stays: the default is named.
        apply(dict.fromkeys(settings, "stop"))


def locked():
    return mails.zipped({"secret.txt": os.urandom(200)}, encrypted=["secret.txt"])


def deep():
    return mails.packed_deep(os.urandom(50))


BOTH = {"encrypted_files": "pass", "files_past_scan_limits": "pass"}
UNCHECKED = {
    "locked.zip": (locked, "encrypted_files", "file-encrypted", {"ja": "暗号化されているため", "en": "This file is encrypted"}),
    "deep.zip": (deep, "files_past_scan_limits", "scan-limit", {"ja": "ウイルス検査を最後まで", "en": "checked for viruses completely"}),
}


# spec: KEEP-VIRUS
@pytest.mark.parametrize("name", UNCHECKED)
def test_what_cannot_be_looked_into_is_stopped_unless_the_section_says_otherwise(scanning, mailboxes, name):
    make, setting, code, _ = UNCHECKED[name]
    text = stopped(scanning, mailboxes, one_file(b"stopped", name.encode(), make()))
    assert code in text and name in text and "virus" not in text.split()
    [other] = BOTH.keys() - {setting}
    with section_set(scanning, **{other: "pass"}):
        text = stopped(scanning, mailboxes, one_file(b"stopped", name.encode(), make()))
    assert code in text and name in text


# spec: KEEP-VIRUS X-RECEIVE X-LANG
@pytest.mark.parametrize("name", UNCHECKED)
def test_what_the_section_lets_pass_says_on_the_page_that_it_was_not_looked_into(scanning, mailboxes, browser, name):
    make, setting, _, words = UNCHECKED[name]
    octets = make()
    before = len(mailboxes.raw(TO))
    with section_set(scanning, **{setting: "pass"}):
        submit(scanning, one_file(b"passed", name.encode(), octets))
        relayed, notice = relayed_and_notice(mailboxes, TO, before)
        fetch(browser, notice, password_in(relayed), {name: mails.sha(octets)})
        for lang, size in (("ja", (390, 844)), ("en", (1280, 900))):
            browser.driver.set_window_size(*size)
            browser.open(f"{harness.link_in(notice)}?lang={lang}")
            assert words[lang] in browser.text()
            # And whoever hears the page hears it with the link.
            [link] = browser.links("/files/")
            told = [browser.driver.find_element("id", told) for told in link.get_attribute("aria-describedby").split()]
            assert name in told[0].text and words[lang] in told[1].text
            assert browser.axe() == []
            assert browser.driver.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    # The section has thought better of it: the page tells why the file is not given.
    browser.open(link.get_attribute("href"))
    assert "could not be checked" in browser.text() and browser.axe() == []


# spec: KEEP-VIRUS X-RECEIVE
def test_what_came_clean_and_cannot_be_looked_into_any_more_is_the_sections_to_decide(scanning, clamd, mailboxes, browser):
    octets = mails.pdf()
    before = len(mailboxes.raw(TO))
    submit(scanning, one_file(b"closed later", octets=octets))
    relayed, notice = relayed_and_notice(mailboxes, TO, before)
    clamd.learn("Heuristics.Encrypted.Later-Test", octets)
    clamd.reload()
    browser.open(harness.link_in(notice))
    browser.type_password(password_in(relayed))
    link = browser.links("/files/")[0].get_attribute("href")
    browser.open(link)
    assert any(words in browser.text() for words in ("暗号化されているか", "could not be checked")), browser.text()
    with section_set(scanning, encrypted_files="pass"):
        browser.open(harness.link_in(notice))
        assert browser.download(browser.links("/files/")[0])[1] == mails.sha(octets)


# spec: KEEP-VIRUS
def test_a_virus_never_passes_whatever_is_locked_round_it(scanning, clamd, mailboxes):
    known = locked()
    clamd.learn("Locked-Test-Signature", known)
    clamd.reload()
    files = {
        "beside.zip": mails.zipped({"secret.txt": os.urandom(200), "report.com": harness.EICAR}, encrypted=["secret.txt"]),
        "known.zip": known,
        "deep.zip": mails.zipped({"a.zip": deep(), "report.com": harness.EICAR}),
    }
    with section_set(scanning, **BOTH):
        for name, octets in files.items():
            text = stopped(scanning, mailboxes, one_file(b"virus all the same", name.encode(), octets))
            assert "virus" in text and name in text and "file-encrypted" not in text


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


# spec: KEEP-VIRUS RUN-WATCH
def test_a_clamd_with_its_defaults_is_not_believed(folder, mailboxes):
    """It calls clean what is encrypted or packed too deep. Nothing passes until it tells, and the log says from the start what to set."""
    clamd = harness.Clamd(folder / "clamd-defaults", alerts="").start()
    server = harness.Fubako(folder / "scanning-blind", {
        "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "scanner": {"clamd": f"unix:{clamd.socket}"},
    }).start()
    try:
        for line in ("AlertEncrypted yes", "AlertExceedsMax yes"):
            harness.wait_for(f"the log names {line}", lambda: line in server.log.read_text(), 20)
        before, told = len(mailboxes.raw(TO)), len(mailboxes.raw(FROM))
        octets = mails.pdf()
        submit(server, one_file(b"clean, it says", octets=octets))
        submit(server, one_file(b"clean, it says", b"locked.zip", locked()))
        harness.wait_for("both mails wait", lambda: sum(row["attempts"] > 0 for row in server.queue()) == 2)
        assert all("exchange-unavailable" in row["reason"] for row in server.queue())
        [waits, _] = server.queue()
        assert any(waits["id"] in line and "AlertEncrypted yes" in line for line in server.log.read_text().splitlines()), "why it waits"
        assert (len(mailboxes.raw(TO)), len(mailboxes.raw(FROM))) == (before, told)
        clamd.stop()
        settings = clamd.folder / "clamd.conf"
        settings.write_text(settings.read_text() + harness.Clamd.ALERTS)
        clamd.start()
        relayed, _ = relayed_and_notice(mailboxes, TO, before)
        notice = harness.bodies(mailboxes.wait(FROM, told + 1)[told])[0]
        assert "file-encrypted" in notice and "locked.zip" in notice and "a.pdf" in relayed.as_string()
        harness.wait_for("nothing waits", lambda: not server.queue())
        assert len(mailboxes.raw(TO)) == before + 2
        harness.wait_for("the log says that it is mended", lambda: "tells what it cannot look into" in server.log.read_text(), 5)
    finally:
        server.stop()
        clamd.stop()


# spec: KEEP-VIRUS X-RECEIVE
def test_what_a_scanner_without_signatures_called_clean_is_scanned_again_once_it_has_them(folder, mailboxes, browser):
    """Its word was not believed: nor is it when the scanner is to be believed again."""
    clamd = harness.Clamd(folder / "clamd-forgets").start()
    server = harness.Fubako(folder / "scanning-forgets", {
        "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "scanner": {"clamd": f"unix:{clamd.socket}"},
    }).start()
    try:
        octets = mails.pdf()
        before = len(mailboxes.raw(TO))
        submit(server, one_file(b"clean when it came", octets=octets))
        relayed, notice = relayed_and_notice(mailboxes, TO, before)
        browser.open(harness.link_in(notice))
        browser.type_password(password_in(relayed))
        link = browser.links("/files/")[0].get_attribute("href")

        def refused_for(cause):
            before = len(server.log.read_text())
            browser.open(link)
            assert "a file was not handed over" in server.log.read_text()[before:] and cause in server.log.read_text()[before:]
            assert not any(p.is_file() and p.read_bytes() == octets for p in browser.downloads.iterdir())

        clamd.stop()
        refused_for("scanner")
        del clamd.known["Eicar-Test-Signature"]
        clamd.learn("Nothing", b"nothing that is anywhere")
        clamd.start()
        refused_for("does not find the test file EICAR")
        clamd.stop()
        clamd.learn("Eicar-Test-Signature", harness.EICAR)
        clamd.learn("Later-Test-Signature", octets)
        clamd.start()
        # So long is remembered what was wrong with it.
        time.sleep(6)
        refused_for("Later-Test-Signature")
    finally:
        server.stop()
        clamd.stop()


# spec: KEEP-VIRUS
def test_by_tcp_as_by_a_socket(folder, mailboxes, browser):
    """clamd on a port: what is clean arrives and is scanned again on the way out, a virus is stopped, and while it is away nothing passes."""
    port = harness.free_port()
    clamd = harness.Clamd(folder / "clamd-tcp", settings=f"TCPSocket {port}\nTCPAddr 127.0.0.1\n").start()
    server = harness.Fubako(folder / "scanning-tcp", {
        "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "scanner": {"clamd": f"tcp:127.0.0.1:{port}"},
    }).start()
    try:
        assert "Eicar-Test-Signature" in stopped(server, mailboxes, one_file(b"a virus by TCP", b"report.com", harness.EICAR))
        octets, later = mails.pdf(3_000_000), mails.pdf()
        before = len(mailboxes.raw(TO))
        submit(server, one_file(b"clean by TCP", octets=octets))
        relayed, notice = relayed_and_notice(mailboxes, TO, before)
        fetch(browser, notice, password_in(relayed), {"a.pdf": mails.sha(octets)})
        clamd.stop()
        before = len(mailboxes.raw(TO))
        submit(server, one_file(b"waits for TCP", octets=later))
        harness.wait_for("the mail waits", lambda: [r for r in server.queue() if r["attempts"] > 0 and r["state"] == "received"])
        assert len(mailboxes.raw(TO)) == before
        clamd.start()
        [row] = server.queue()
        assert server.run("queue", "retry", row["id"]).returncode == 0
        relayed, notice = relayed_and_notice(mailboxes, TO, before)
        clamd.learn("Later-By-Tcp", later)
        clamd.reload()
        browser.open(harness.link_in(notice))
        browser.type_password(password_in(relayed))
        browser.open(browser.links("/files/")[0].get_attribute("href"))
        assert not any(p.read_bytes() == later for p in browser.downloads.iterdir())
        assert any(word in browser.text() for word in ("ウイルス", "virus")), browser.text()
    finally:
        server.stop()
        clamd.stop()
