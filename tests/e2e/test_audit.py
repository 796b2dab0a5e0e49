"""The audit log: what a day's work leaves in it, who sees it, and that it cannot be changed unseen (spec X-AUDIT)."""
import csv
import io
import json
import smtplib
import sqlite3
import urllib.error
import urllib.parse
import urllib.request

import pytest
from selenium.webdriver.common.by import By

import harness
import mails
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link
from test_path import password_in

TO, FROM = "suzuki@recipient.example", "tanaka@acme.example"
SECTION = harness.SECTION + """
[[section.user]]
login_id = "kanri"
address = "kanri@acme.example"
name = "<b>管理 者</b>"
administrator = true
"""
SENT = {"ja": "お預かりの送信", "en": "Deposit sent"}
PROVEN = {"ja": "受取人の確認", "en": "Recipient proven"}
REFUSED = {"ja": "サインインの失敗", "en": "Sign-in refused"}
NONE = {"ja": "該当する記録はありません", "en": "There are no such lines"}
WHOLE = {"ja": "システム全体", "en": "The whole installation"}


@pytest.fixture(scope="module")
def place(folder):
    own = folder / "audit"
    mailboxes = harness.Mailboxes(own, [TO, FROM]).start()
    config = {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}
    site = harness.Fubako(own / "fubako", config, declaration=SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    mail = mails.multipart(mails.head(subject=b"=HYPERLINK(1)"), [
        (b"Content-Type: text/plain\r\n", b"see the file"),
        mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', b"%PDF")])
    with smtplib.SMTP("127.0.0.1", site.starttls, timeout=60) as smtp:
        smtp.starttls()
        smtp.sendmail(FROM, [TO], mail)
    mailboxes.wait(TO, 2)
    arrived = mailboxes.mails(TO)
    [notice] = [mail for mail in arrived if "/d/" in harness.bodies(mail)[0]]
    [relayed] = [mail for mail in arrived if mail is not notice]
    url = harness.link_in(notice)
    assert prove(url, "not the password") == 403
    assert prove(url, password_in(relayed)) == 200
    yield site
    site.stop()
    mailboxes.stop()


def prove(url, password):
    form = urllib.parse.urlencode({"password": password}).encode()
    try:
        with urllib.request.urlopen(f"{url}/open", form, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def verify(site, *arguments):
    done = site.run("verify", "--audit", "--json", *arguments, check=False)
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0), done.stderr
    return report


def breaks(report, section="acme"):
    [chain] = [chain for chain in report["chains"] if chain["section"] == section]
    return [(found["kind"], found["what"]) for found in chain["breaks"]]


# spec: X-AUDIT X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_an_administrator_and_an_operator_look_at_it(place, browser, lang, size):
    login = f"op-{lang}-{size[0]}"
    with browser.screen(*size):
        person = Person(browser, place, lang, size)
        browser.driver.delete_all_cookies()
        choose(person, link(place.run("operator", "reset", "acme/kanri").stdout), PASSWORD)
        person.sign_in("acme/kanri", "wrong")
        person.sign_in("acme/kanri", PASSWORD)
        browser.follow(browser.driver.find_element(By.CSS_SELECTOR, "a[href^='/audit']"))
        page = person.look()
        assert SENT[lang] in page and PROVEN[lang] in page and REFUSED[lang] in page and "acme/kanri" in page
        assert WHOLE[lang] not in page and not browser.driver.find_elements(By.NAME, "section")
        # Details are opened without a script.
        for summary in browser.driver.find_elements(By.TAG_NAME, "summary"):
            summary.click()
        page = person.look()
        assert "=HYPERLINK(1)" in page and TO in page and FROM in page
        person.open("/audit")
        field = browser.driver.find_element(By.NAME, "text")
        field.send_keys("nothing has this")
        browser.leave(field.submit)
        assert NONE[lang] in browser.text()
        person.look()
        person.open("/me")
        person.send("/sign-out")

        choose(person, link(place.run("operator", "add", login, "--address", f"{login}@ops.example").stdout), PASSWORD)
        person.sign_in(login, PASSWORD)
        assert WHOLE[lang] in person.open("/audit")
        browser.open(f"{place.base}/audit?section=acme&event=deposit-sent&lang={lang}")
        assert SENT[lang] in person.look()
        person.open("/me")
        person.send("/sign-out")


# spec: X-AUDIT
def test_the_csv_opens_in_a_spreadsheet_and_runs_nothing(place):
    with place.as_operator() as root:
        text = root.page("/audit.csv?section=acme&event=deposit-sent")
        exported = root.page("/audit.csv?section=acme&event=audit-exported")
        assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    [row] = rows
    assert json.loads(row["detail"])["recipients"] == TO and row["actor_kind"] == "user"
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())
    assert "audit-exported" in exported


# spec: X-AUDIT
def test_a_line_that_is_changed_removed_or_moved_is_found(place, folder):
    report = verify(place)
    assert report["ok"] and {chain["section"] for chain in report["chains"]} == {"acme", "installation"}
    assert "whole" in place.run("verify", "--audit").stdout
    noted = folder / "noted.json"
    noted.write_text(json.dumps(report))
    assert verify(place, "--noted", noted)["ok"]

    database = sqlite3.connect(place.data / "fubako.db", timeout=30, isolation_level=None)
    [(number, actor)] = database.execute("SELECT number, actor FROM audit_lines WHERE section = 'acme' AND event = 'deposit-sent'")
    database.execute("UPDATE audit_lines SET actor = 'somebody' WHERE section = 'acme' AND number = ?", (number,))
    assert breaks(verify(place)) == [("changed", f"line {number} is not as it was written, or does not follow the one before it")]
    done = place.run("verify", "--audit", check=False)
    assert done.returncode != 0 and "BROKEN" in done.stdout and f"line {number} is not as" in done.stdout
    database.execute("UPDATE audit_lines SET actor = ? WHERE section = 'acme' AND number = ?", (actor, number))
    assert verify(place)["ok"]

    # Two lines change places, with all that they say.
    swap = "UPDATE audit_lines SET number = ? WHERE section = 'acme' AND number = ?"
    for to, of in [(-1, number), (number, number + 1), (number + 1, -1)]:
        database.execute(swap, (to, of))
    assert [kind for kind, _ in breaks(verify(place))][:2] == ["changed", "changed"]
    for to, of in [(-1, number), (number, number + 1), (number + 1, -1)]:
        database.execute(swap, (to, of))
    assert verify(place)["ok"]

    # The last lines go, and the chain's row is made to fit; then all of it goes.
    [(last,)] = database.execute("SELECT last_number FROM audit_chains WHERE section = 'acme'")
    database.execute("DELETE FROM audit_lines WHERE section = 'acme' AND number > ?", (last - 2,))
    assert breaks(verify(place)) == [("missing", f"lines {last - 1} to {last} are missing")]
    database.execute("UPDATE audit_chains SET last_number = ?, last_hash = (SELECT hash FROM audit_lines WHERE section = 'acme' "
                     "AND number = ?) WHERE section = 'acme'", (last - 2, last - 2))
    assert [kind for kind, _ in breaks(verify(place))] == ["ending"]
    database.execute("DELETE FROM audit_lines WHERE section = 'acme'")
    database.execute("DELETE FROM audit_chains WHERE section = 'acme'")
    assert "acme" not in {chain["section"] for chain in verify(place)["chains"]}
    assert [kind for kind, _ in breaks(verify(place, "--noted", noted))] == ["missing"]
    database.close()
