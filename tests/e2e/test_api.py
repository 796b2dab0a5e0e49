"""Programs at the API: a token made on a screen, the worked examples of the guide as they stand there, a file that is resumed, and whatever a generator
makes of the document (spec X-API)."""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

import harness
from test_accounts import LANGS, PASSWORD, SIZES, Person, choose, link
from test_cancelling import click

RECIPIENT = "hanako@example.jp"
DECLARATION = harness.SECTION + """
[[section.user]]
login_id = "kanri"
address = "kanri@acme.example"
administrator = true
"""
GUIDE = Path(__file__).parents[2] / "docs" / "api.md"
ALL = ("deposits:write", "deposits:read", "deposits:cancel", "audit:read")
ONCE = {"ja": "この画面でしか表示されません", "en": "on this page only"}
REVOKED = {"ja": "トークンを失効させました", "en": "The token is revoked"}
NO_SCOPE = {"ja": "1つ以上選んでください", "en": "Choose at least one"}


@pytest.fixture(scope="module")
def place(folder):
    own = folder / "api"
    mailboxes = harness.Mailboxes(own, [RECIPIENT]).start()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}, DECLARATION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes, own
    site.stop()
    mailboxes.stop()


def enter(person, site):
    person.browser.driver.delete_all_cookies()
    choose(person, link(site.run("operator", "reset", "acme/kanri").stdout), PASSWORD)
    person.sign_in("acme/kanri", PASSWORD)


def make(person, name, scopes=ALL):
    """Makes a token on the screen; gives it."""
    person.open("/section/tokens")
    for scope in scopes:
        person.browser.driver.find_element(By.CSS_SELECTOR, f"[name=scope][value='{scope}']").click()
    person.send("/section/tokens", name=name, days="7")
    return person.browser.driver.find_element(By.CSS_SELECTOR, ".secret code").text


def status(site, token, path="/deposits"):
    request = urllib.request.Request(f"{site.base}/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture(scope="module")
def token(place, browser):
    with browser.screen(*SIZES[0]):
        person = Person(browser, place[0], "en", SIZES[0])
        enter(person, place[0])
        return make(person, "programs of the guide")


# spec: X-API X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_an_administrator_makes_a_token_and_revokes_it(place, browser, lang, size):
    site, *_ = place
    with browser.screen(*size):
        person = Person(browser, site, lang, size)
        enter(person, site)
        click(person, "a[href^='/section/tokens']")
        name = f"夜間バッチ <b> {lang} {size[0]}"
        assert NO_SCOPE[lang] in person.send("/section/tokens", name=name, days="7")
        assert browser.driver.find_element(By.NAME, "name").get_property("value") == name, "nothing typed is lost"
        browser.driver.find_element(By.CSS_SELECTOR, "[name=scope][value='deposits:read']").click()
        assert ONCE[lang] in person.send("/section/tokens")
        token = browser.driver.find_element(By.CSS_SELECTOR, ".secret code").text
        assert status(site, token) == (200, {"deposits": status(site, token)[1]["deposits"]})
        assert status(site, token, "/audit")[1]["code"] == "insufficient-scope"
        page = click(person, "a[href^='/section/tokens']")
        assert name in page and token not in browser.driver.page_source
        click(person, "li a.danger")
        assert REVOKED[lang] in person.send("/section/tokens/")
        assert status(site, token)[0] == 401
        # What the API is, for whoever writes a program.
        browser.driver.delete_all_cookies()
        assert "/api/v1/deposits/{id}/files/{number}" in person.open("/api")
    assert token not in site.log.read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.S | re.M)


# spec: X-API
@pytest.mark.parametrize("which", [0, 1], ids=["whole", "in pieces"])
@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_examples_of_the_guide_do_what_they_say(place, token, language, which):
    site, mailboxes, own = place
    (own / "report.pdf").write_bytes(b"%PDF-1.7 " + os.urandom(100_000))
    (own / "drawings.zip").write_bytes(os.urandom((20 << 20) + 77))
    examples = blocks(language)
    assert len(examples) == 2
    example = examples[which]
    program = ["bash", "-euo", "pipefail", "-c", example] if language == "sh" else [sys.executable, "-c", example]
    before = len(mailboxes.mails(RECIPIENT))
    # Twice: each call may be repeated, and is done once.
    for _ in range(2):
        env = {**os.environ, "FUBAKO_URL": site.base, "FUBAKO_TOKEN": token}
        ran = subprocess.run(program, cwd=own, env=env, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stderr
        assert "sent" in ran.stdout, ran.stdout
    mails = mailboxes.wait(RECIPIENT, before + 1)
    assert len(mails) == before + 1
    assert "お見積書" in "".join(harness.bodies(mails[-1]))


class Upload:
    """A file on its way to a deposit, in pieces."""

    def __init__(self, site, token, id, number=1):
        self.site, self.path = site, f"/api/v1/deposits/{id}/files/{number}/upload"
        self.own = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}

    def ask(self, method, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.site.http, timeout=120)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, self.path, body, {**self.own, **named})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def begin(self, size, name):
        return self.ask("POST", Upload_Length=str(size), Upload_Metadata=f"filename {base64.b64encode(name.encode()).decode()}")

    def offset(self):
        return int(self.ask("HEAD").headers["Upload-Offset"])

    def piece(self, at, octets):
        digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
        return self.ask("PATCH", octets, Upload_Offset=str(at), Content_Type="application/offset+octet-stream",
                        Upload_Checksum=f"sha256 {digest}")

    def broken_off(self, at, octets, sent, meanwhile):
        """Sends `sent` of the octets; then something happens, and the rest never comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.site.http, timeout=120)
        connection.putrequest("PATCH", self.path)
        headers = {**self.own, "Upload-Offset": at, "Content-Type": "application/offset+octet-stream", "Content-Length": len(octets)}
        for name, value in headers.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        connection.send(octets[:sent])
        meanwhile()
        connection.close()


def received(site, mail, password):
    """The first file behind a link, as its recipient gets it."""
    recipient, url = harness.Visitor(site.base), harness.link_in(mail)
    recipient.opener.open(url + "/open", urllib.parse.urlencode({"password": password}).encode(), timeout=60).read()
    with recipient.opener.open(url + "/files/1", timeout=120) as answer:
        return answer.read()


# spec: X-API
def test_a_file_in_pieces_arrives_whole_though_the_server_is_killed_twice(place, token):
    site, mailboxes, _ = place
    octets, part, before = os.urandom((40 << 20) + 12_345), 4 << 20, len(mailboxes.mails(RECIPIENT))
    id = deposit(site, token, "killed-twice", 0, count=1)
    upload = Upload(site, token, id)
    assert (upload.begin(len(octets), "全図面.bin").status, upload.begin(len(octets), "全図面.bin").status) == (201, 200)

    # Between two pieces: what was acknowledged stays.
    acknowledged = 0
    for _ in range(3):
        answer = upload.piece(acknowledged, octets[acknowledged:acknowledged + part])
        assert answer.status == 204
        acknowledged += part
    site.stop(signal.SIGKILL)
    site.start()
    assert upload.offset() == acknowledged
    # Within one of 24 MiB: what was acknowledged stays, and of this one maybe some. Nothing else of it is there.
    def kill():
        site.stop(signal.SIGKILL)
    with contextlib.suppress(OSError):
        upload.broken_off(acknowledged, octets[acknowledged:acknowledged + 6 * part], 5 * part, kill)
    site.start()
    at = upload.offset()
    assert acknowledged <= at <= acknowledged + 5 * part, at
    assert (again := upload.begin(len(octets), "全図面.bin")).status == 200 and again.headers["Upload-Offset"] == str(at)
    assert status(site, token, f"/deposits/{id}")[1]["files"] == []
    while at < len(octets):
        assert upload.piece(at, octets[at:at + part]).status == 204
        at = upload.offset()
    [file] = status(site, token, f"/deposits/{id}")[1]["files"]
    assert (file["name"], file["size"], file["sha256"]) == ("全図面.bin", len(octets), hashlib.sha256(octets).hexdigest())
    send = urllib.request.Request(f"{site.base}/api/v1/deposits/{id}/send", method="POST", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(send, timeout=60) as answer:
        assert json.load(answer)["state"] == "sent"
    mail = mailboxes.wait(RECIPIENT, before + 1)[-1]
    assert hashlib.sha256(received(site, mail, "long enough")).digest() == hashlib.sha256(octets).digest()


def deposit(site, token, key, files, sent=False, count=2):
    """Begins a deposit with some files, and sends it if told so; gives its id."""
    def call(method, path, body=None, headers=()):
        headers = {"Authorization": f"Bearer {token}", **dict(headers)}
        request = urllib.request.Request(f"{site.base}/api/v1{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    wanted = {"section": "acme", "sender": {"address": "taro@acme.example"}, "subject": key, "recipients": [RECIPIENT],
              "file_password": "long enough", "file_count": count}
    id = call("POST", "/deposits", json.dumps(wanted).encode(), {"Idempotency-Key": key, "Content-Type": "application/json"})["id"]
    for number in range(1, files + 1):
        call("PUT", f"/deposits/{id}/files/{number}", b"octets", {"Content-Disposition": f"attachment; filename={number}.txt"})
    if sent:
        assert call("POST", f"/deposits/{id}/send")["state"] == "sent"
    return id


# What gets an upload past the doors: a few octets, and a piece that is large enough.
IN_PIECES = {"Tus-Resumable": ["1.0.0"], "Upload-Length": [0, 5, 300_000], "Upload-Offset": [0, 5],
             "Upload-Metadata": ["filename YQ==", "filename Yg==,filetype dGV4dC9wbGFpbg=="]}
# A piece of a file is octets like any others.
HOOKS = """
import schemathesis
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
"""


def narrowed(document, ids):
    """The document of those calls that get past the doors: of deposits that are there, for the section that there is."""
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                there = {"id": ids, "number": [1, 2, 3], "section": ["acme"], **IN_PIECES}.get(parameter["name"])
                if there:
                    parameter["schema"]["enum"] = there
    shapes = document["components"]["schemas"]
    shapes["DepositRequest"]["properties"]["section"]["enum"] = ["acme"]
    shapes["DepositRequest"]["properties"]["recipients"]["items"]["enum"] = [f"r{n}@example.jp" for n in range(1200)]
    shapes["Person"]["properties"]["address"]["enum"] = ["taro@acme.example", "nobody@acme.example"]
    shapes["Cancellation"] = {"enum": [{"whole": True}, {"recipient": RECIPIENT}, {"recipient": "another@example.jp"}, {}]}
    return document


# spec: X-API
@pytest.mark.parametrize("inside", [False, True], ids=["as it stands", "past the doors"])
def test_no_call_that_can_be_made_of_the_document_is_answered_by_what_it_does_not_say(place, token, inside):
    site, *_ = place
    ids = [deposit(site, token, f"empty-{inside}", 0), deposit(site, token, f"full-{inside}", 2),
           *(deposit(site, token, f"sent-{inside}-{n}", 2, sent=True) for n in range(3))]
    with urllib.request.urlopen(f"{site.base}/api/openapi.json", timeout=60) as answer:
        document = json.load(answer)
    file = site.folder / "document.json"
    file.write_text(json.dumps(narrowed(document, ids) if inside else document))
    hooks = site.folder / "hooks.py"
    hooks.write_text(HOOKS)
    checks = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
              "response_headers_conformance", "ignored_auth", "unsupported_method"]
    command = [Path(sys.executable).parent / "schemathesis", "run", file, "--url", site.base, "--header",
               f"Authorization: Bearer {token}", "--checks", ",".join(checks), "--max-examples", "40", "--seed", "1",
               "--workers", "1", "--no-color", "--request-timeout", "30", "--generation-database", "none"]
    env = {**os.environ, "SCHEMATHESIS_HOOKS": str(hooks)}
    ran = subprocess.run(command, cwd=site.folder, env=env, capture_output=True, text=True, timeout=540)
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr[-2_000:]
    assert int(re.search(r"(\d+) generated", ran.stdout)[1]) > 500, ran.stdout[-3_000:]
    assert "Operations:       15 selected / 15 total" in ran.stdout
    assert "panicked" not in site.log.read_text()
    states = {state(site, token, id) for id in ids}
    if inside:
        # It went past the doors: some were given up, some taken back, and others begun.
        assert states >= {None, "cancelled"}, states
        assert "nobody@acme.example" in site.log.read_text() or site.log.read_text().count("deposit begun") > len(ids)


def state(site, token, id):
    return status(site, token, f"/deposits/{id}")[1].get("state")
