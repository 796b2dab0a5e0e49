"""What file-transfer products were broken by, tried on the real binary: SQL, paths, forged headers, forged forms, fixed sessions, redirects, texts of
strangers on pages and in names, guesses from many addresses, and scanners that open every link (spec X-SEND, X-RECEIVE, X-ADMIN, X-ACCOUNTS)."""
import concurrent.futures
import contextlib
import email.headerregistry
import email.message
import email.policy
import html
import http.client
import http.cookies
import io
import itertools
import re
import smtplib
import sqlite3
import urllib.parse
import zipfile

import pytest
from selenium.common.exceptions import NoAlertPresentException

import harness
import mails
from test_accounts import OTHER, PASSWORD, link
from test_path import password_in

ONE, TANAKA = "suzuki@recipient.example", "tanaka@acme.example"
SECTION = harness.SECTION + """
[[section.group]]
name = "営業部"
[[section.user]]
login_id = "tanaka"
address = "tanaka@acme.example"
group = "メール連携"
[[section.user]]
login_id = "kanri"
address = "kanri@acme.example"
administrator = true
[[section]]
id = "wise"
name = "別の会社"
domains = ["wise.example"]
[[section.user]]
login_id = "kanri"
address = "kanri@wise.example"
administrator = true
"""
SQL = ["'", "' OR '1'='1", "'; DROP TABLE deposits;--", '" OR ""="', "1; SELECT 1", "%' --", "\\'", "') UNION SELECT token FROM api_tokens--", "$1", "?", ":1"]
# Markup, and what template engines would work out: 7 * 191 is 1337.
MARKUP = ["<script>window.pwned=1<\u2215script>", '"><img src=x onerror=window.pwned=1>', "' autofocus onfocus=window.pwned=1 x='", "{{7*191}}", "{%if 1%}x{%endif%}",
          "${7*191}", "<%=7*191%>", "#{7*191}", "javascript:window.pwned=1", "<svg onload=window.pwned=1>", "&lt;b&gt;", "]]>", "--!><b>"]


class Client:
    """Somebody who sends whatever octets they like, keeps cookies, and follows nothing."""

    def __init__(self, site, cookies=None, **headers):
        self.site, self.cookies, self.headers = site, dict(cookies or {}), headers

    def ask(self, method, path, form=None, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.site.http, timeout=120)
        with contextlib.closing(connection):
            head = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **self.headers, **headers}
            if form is not None:
                body = urllib.parse.urlencode(form, doseq=True)
                head.setdefault("Content-Type", "application/x-www-form-urlencoded")
            connection.putrequest(method, path, skip_host="Host" in head, skip_accept_encoding=True)
            if body is not None:
                body = body.encode() if isinstance(body, str) else body
                head["Content-Length"] = str(len(body))
            for name, value in head.items():
                if value:
                    connection.putheader(name, value.encode() if isinstance(value, str) else value)
            connection.endheaders(body)
            answer = connection.getresponse()
            self.text = answer.read().decode(errors="replace")
            self.answer = answer
            for header in answer.headers.get_all("Set-Cookie") or []:
                for name, cookie in http.cookies.SimpleCookie(header).items():
                    self.cookies[name] = cookie.value
            assert answer.status < 500, (method, path, form, headers, self.text)
            return answer.status

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, form=None, **headers):
        return self.ask("POST", path, form=form or {}, **headers)

    def key(self):
        assert self.get("/me") == 200
        return re.search('name="form" value="([^"]+)"', self.text)[1]

    def sign_in(self, name, password=PASSWORD):
        assert self.post("/sign-in", {"name": name, "password": password}) == 303, self.text
        return self


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.mailboxes = harness.Mailboxes(folder, [ONE, TANAKA]).start()
        # Whatever comes from this machine is a proxy that says whom it speaks for.
        self.site = harness.Fubako(folder / "fubako", {"relay": {"smarthost": f"127.0.0.1:{self.mailboxes.port}"}, "http": {"proxies": ["127.0.0.1"]}}, SECTION).start()
        self.site.base = f"http://127.0.0.1:{self.site.http}"
        for name in ("acme/tanaka", "acme/kanri", "wise/kanri"):
            self.reset(name)
        url = link(self.site.run("operator", "add", "root", "--address", "root@ops.example").stdout)
        self.accept(url)

    def stop(self):
        self.site.stop()
        self.mailboxes.stop()

    def reset(self, name):
        self.accept(link(self.site.run("operator", "reset", name).stdout))

    def accept(self, url, password=PASSWORD):
        assert Client(self.site).post(url.removeprefix(self.site.base), {"password": password, "again": password}) == 303

    def user(self, name, **headers):
        return Client(self.site, **headers).sign_in(name)

    def rows(self, sql, *values):
        with contextlib.closing(sqlite3.connect(self.site.data / "fubako.db", timeout=30)) as database:
            return database.execute(sql, values).fetchall()

    def counts(self):
        """How many rows each table has."""
        tables = [name for name, in self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")]
        return {table: self.rows(f'SELECT COUNT(*) FROM "{table}"')[0][0] for table in tables}

    def state(self):
        """What people did: everything that a request which only looks may not change."""
        tables = ["sections", "domains", "user_groups", "users", "accounts", "deposits", "files", "links", "link_sessions", "link_codes", "downloads", "api_tokens", "maintenance", "uploads"]
        return {table: sorted(map(repr, self.rows(f"SELECT * FROM {table}"))) for table in tables}

    def submit(self, subject, names=("a.pdf",), sender="Tanaka", octets=b"%PDF" * 100):
        """A mail with files: the link's path, the file password, and the two mails that came."""
        there = len(self.mailboxes.raw(ONE))
        message = email.message.EmailMessage()
        message["From"] = email.headerregistry.Address(sender, addr_spec=TANAKA)
        message["To"], message["Subject"] = ONE, subject
        message["Message-ID"], message["Date"] = mails_id(), "Mon, 23 Nov 2026 10:00:00 +0900"
        message.set_content("see the files")
        for number, name in enumerate(names):
            message.add_attachment(octets + bytes([number]), maintype="application", subtype="octet-stream", filename=name)
        with smtplib.SMTP("127.0.0.1", self.site.starttls, timeout=60) as smtp:
            smtp.starttls()
            smtp.sendmail(TANAKA, [ONE], message.as_bytes(policy=email.policy.SMTP))
        come = self.mailboxes.wait(ONE, there + 2)[there:]
        [notice] = [mail for mail in come if f"{self.site.base}/d/" in "".join(harness.bodies(mail))]
        [relayed] = [mail for mail in come if mail is not notice]
        return re.search(rf"{self.site.base}(/d/[A-Za-z0-9_-]+)", harness.bodies(notice)[0])[1], password_in(relayed), relayed, notice


def mails_id(numbers=itertools.count()):
    return f"<intrusion-{next(numbers)}@acme.example>"


@pytest.fixture(scope="module")
def place(folder):
    path = folder / "intrusions"
    path.mkdir()
    place = Place(path)
    yield place
    place.stop()


def opened(place, path, password):
    client = Client(place.site)
    assert client.post(f"{path}/open", {"password": password}) == 303, client.text
    return client


def anchors(text):
    return [html.unescape(found) for found in re.findall(r'(?:href|action|src)="([^"]+)"', text)]


# spec: X-RECEIVE X-CANCEL X-AUDIT NOTICE (stored scripts, templates)
def test_texts_of_strangers_stay_texts(place, browser):
    """A file name, a subject and a sender's name with markup and templates in them, on every page and in every mail that shows them."""
    names = [f"{n} {text}.txt" for n, text in enumerate(MARKUP)]
    subject = "".join(MARKUP[:6])
    path, password, relayed, notice = place.submit(subject, names, sender='<img src=x onerror=window.pwned=1> "{{7*191}}"')
    for mail in (relayed, notice):
        text, markup = harness.bodies(mail)
        assert "1337" not in text + markup
        assert not re.search(r"<(img|script|svg)[^>]*(pwned|onerror|onload)", markup), markup
    admin = place.user("acme/kanri")
    deposit = place.rows("SELECT MAX(id) FROM deposits")[0][0]

    def check(where):
        with contextlib.suppress(NoAlertPresentException):
            browser.driver.switch_to.alert.dismiss()
            raise AssertionError(f"{where}: an alert")
        assert browser.driver.execute_script("return window.pwned") is None, where
        source = browser.driver.page_source
        assert "1337" not in browser.text(), where
        assert not re.search(r"<[a-z]+[^>]* on[a-z]+=", source, re.I), where
        return browser.text()

    browser.open(place.site.base + path)
    check("the link")
    browser.type_password(password)
    text = check("the files")
    for name in names:
        assert name in text, name
    assert subject in text
    for address in ("/section/deposits", f"/section/deposits/{public(place, deposit)}", "/audit", f"/audit?q={urllib.parse.quote(MARKUP[1])}"):
        browser.open(f"{place.site.base}/sign-in")
        browser.driver.delete_all_cookies()
        for name, value in admin.cookies.items():
            browser.driver.add_cookie({"name": name, "value": value, "path": "/"})
        browser.open(place.site.base + address)
        assert "/sign-in" not in browser.driver.current_url, address
        check(address)
    # The CSV of the log begins no formula in a spreadsheet.
    assert admin.get("/audit.csv") == 200
    assert not re.search(r'(?m)(^|,)"?[=+@-][^0-9"]', admin.text)


def public(place, deposit):
    """The name by which a deposit stands in addresses."""
    admin = place.user("acme/kanri")
    assert admin.get("/section/deposits") == 200
    return re.search(r'href="/section/deposits/([^"/]+)"', admin.text)[1]


FORMS = {
    "/section/users/new": ["login_id", "name", "address", "group"], "/section/user/tanaka": ["name", "address", "group"], "/section/groups/new": ["name"],
    "/section/group/%E5%96%B6%E6%A5%AD%E9%83%A8": ["name"], "/section/tokens": ["name", "days", "scope"], "/me/password": ["current", "code", "password", "again"], "/me/sessions/end": ["which", "password"],
    "/section/users/import": ["csv", "digest"], "/sent/new": ["to", "subject", "message"],
    "/section/settings/recipients": ["keep_days", "allowed_destinations", "denied_destinations"], "/section/settings/files": ["max_files", "forbidden_names", "names"],
    "/section/settings/people": ["password_days", "screen_networks", "api_networks"], "/section/settings/notice": ["language", "time_zone", "notice_wording"],
}
# The right password, where it is not the field that is tried: a network has only so many wrong ones.
FILLED = {"/me/sessions/end": {"password": PASSWORD}}
PARAMETERS = ["/audit?q={}", "/audit?from={}", "/audit?until={}", "/audit?before={}", "/audit?kind={}", "/section/users?q={}", "/section/users?after={}",
              "/section/deposits?q={}", "/section/deposits?before={}", "/received?before={}", "/sent?q={}", "/?lang={}", "/sign-in?lang={}", "/audit.csv?q={}"]
PLACES = ["/section/user/{}", "/section/group/{}", "/section/settings/{}", "/section/deposits/{}", "/section/deposits/{}/cancel", "/section/tokens/{}/remove", "/approvals/{}", "/received/{}", "/sent/{}", "/d/{}", "/d/{}/files/1",
          "/invitation/{}", "/sign-in/d/{}", "/uploads/{}", "/api/v1/deposits/{}", "/assets/{}"]


# spec: X-ADMIN X-AUDIT X-API (SQL in every field, parameter, place and header)
def test_sql_is_text_wherever_it_stands(place):
    place.submit("for the lists")
    admin = place.user("acme/kanri")
    before, key = place.counts(), admin.key()
    told = re.compile(r"(?i:sqlite|syntax error|no such (table|column)|sqlx|panicked)|SELECT |INSERT INTO")

    def clean(client, what):
        text = client.text
        for sql in SQL:
            text = text.replace(html.escape(sql), "").replace(sql, "")
        assert not told.search(re.sub("SELECT (1|token)", "", text)), (what, text)

    for sql in SQL:
        quoted = urllib.parse.quote(sql, safe="")
        for template in PARAMETERS + PLACES:
            admin.get(template.format(quoted))
            clean(admin, template)
        for address, fields in FORMS.items():
            for field in fields:
                admin.post(address, {"form": key, **{name: "x" for name in fields}, **FILLED.get(address, {}), field: sql})
                clean(admin, (address, field))
        stranger = Client(place.site)
        assert stranger.post("/sign-in", {"name": f"acme/kanri{sql}", "password": PASSWORD}) in (401, 403, 429), stranger.text
        assert stranger.post("/sign-in", {"name": "acme/nobody", "password": sql}) in (401, 403, 429), stranger.text
        for header in ("User-Agent", "Accept-Language", "Referer", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-Id", "Authorization", "Range", "If-None-Match", "Origin"):
            for address in ("/", "/sign-in", "/api/v1/deposits"):
                stranger.get(address, **{header: sql})
                clean(stranger, (header, address))
        for cookie in ("fubako_session", "fubako_link", "fubako_code", "fubako_lang"):
            for address in ("/me", "/section/users", "/sent"):
                assert Client(place.site, {cookie: urllib.parse.quote(sql)}).get(address) in (303, 401, 403, 404)
    after = place.counts()
    # Wrong passwords and what a form did are lines; nothing else may come or go, and no table is lost.
    assert after.keys() == before.keys()
    kept = [table for table in before if table in ("deposits", "links", "files", "sections", "domains", "recipients")]
    assert kept and {table: after[table] for table in kept} == {table: before[table] for table in kept}
    # The strange passwords that ended no session have locked the account.
    place.reset("acme/kanri")


# spec: X-ADMIN X-OPERATOR (paths that one part reads otherwise than another)
def test_no_way_round_to_a_page(place):
    """Without a session, and with one that may not: every spelling of a place that is closed, and of files that are none of the site's."""
    user = place.user("acme/tanaka")
    closed = ["/section/users", "/section/users.csv", "/section/tokens", "/operator/maintenance"]
    secret = re.compile(r"kanri@acme\.example|data_dir|/section/users/import")
    for address in closed:
        one, two = address.strip("/").split("/")
        ways = [address, f"/{address}", f"//{one}//{two}", f"/{one}/./{two}", f"/{one}/x/../{two}", f"/x/..{address}", f"/{one}/..;/{one}/{two}", f"/assets/..;{address}", f"/assets/../{one}/{two}",
                f"/assets/%2e%2e/{one}/{two}", f"/assets/%2e%2e%2f{one}%2f{two}", f"/{one}%2f{two}", f"/{one}%2F{two}", f"/{one}%5c{two}", f"/{one}\\{two}", f"{address}/", f"{address}/.", f"{address};x=1",
                f"{address};.css", f"{address}%00", f"{address}%00.css", f"{address}%20", f"{address}%2e", f"{address}.css", f"{address}?.css", f"{address}#", f"/%73ection/{two}", f"/{one.upper()}/{two}",
                f"/{one}/{two.capitalize()}", f"http://evil.example{address}", f"{address}%0d%0aX-Injected:%201", f"/{one}/%252e%252e/{one}/{two}", f"/d/x/../..{address}", f"/api/v1/../..{address}", f"/healthz/..{address}"]
        for way in ways:
            for client in (Client(place.site), user):
                for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
                    status = client.ask(method, way.replace("#", "%23"), body=b"" if method in ("POST", "PUT", "PATCH") else None)
                    assert not secret.search(client.text), (way, method, status)
                    assert status not in (200,) or method == "OPTIONS", (way, method, status, client.text[:300])
                    assert "x-injected" not in client.answer.headers, way
    for name in ("fubako.toml", "sections.toml", "var/fubako.db", "etc/passwd"):
        for start in ("/assets/", "/assets//", "/d/", "/"):
            for up in ("../" * 8, "..%2f" * 8, "%2e%2e/" * 8, "%2e%2e%2f" * 8, "..;/" * 8, "....//" * 8, "..%5c" * 8, "..%c0%af" * 8, "%252e%252e%252f" * 8, "/" + str(place.folder) + "/fubako/"):
                client = Client(place.site)
                assert client.get(start + up + name) in (303, 400, 404), start + up + name
                assert "data_dir" not in client.text and "root:" not in client.text


# spec: X-ACCOUNTS X-RECEIVE (Host and what a proxy says)
def test_no_header_names_the_site(place):
    """Addresses in pages, redirects and mails are the site's own, whatever Host and its like say."""
    path, password, *_ = place.submit("of hosts")
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "Forwarded": "host=evil.example;proto=gopher", "X-Original-URL": "/section/users", "X-Rewrite-URL": "/section/users",
              "X-Host": "evil.example", "X-Forwarded-Server": "evil.example", "X-HTTP-Method-Override": "DELETE"}
    for header, value in [*forged.items(), ("Host", "evil.example"), ("Host", "evil.example:80@127.0.0.1"), ("Host", "127.0.0.1:1/evil"), ("Host", "")]:
        for method, address, form in (("GET", "/", None), ("GET", path, None), ("GET", "/me", None), ("GET", "/section/users", None), ("POST", "/sign-in", {"name": "acme/tanaka", "password": PASSWORD}),
                                      ("POST", f"{path}/open", {"password": password}), ("GET", "/sign-in", None)):
            client = Client(place.site)
            client.ask(method, address, form=form, **{header: value or " "})
            location = client.answer.headers.get("Location") or ""
            assert "evil" not in client.text + location and "gopher" not in client.text + location, (header, value, address)
            assert not location or location.startswith("/") and not location.startswith("//") or location.startswith(place.site.base), location
    admin = place.user("acme/kanri")
    there = len(place.mailboxes.raw(TANAKA))
    assert admin.post("/section/user/tanaka/invite", {"form": admin.key()}, **forged, Host="evil.example") in (200, 303, 400, 403, 404, 421)
    for mail in place.mailboxes.mails(TANAKA)[there:]:
        assert "evil.example" not in "".join(harness.bodies(mail))
    place.reset("acme/tanaka")


CHANGES = ["/section/users/new", "/section/user/tanaka", "/section/user/tanaka/invite", "/section/user/tanaka/unlock", "/section/user/tanaka/remove", "/section/users/import", "/section/groups/new",
           "/section/group/%E5%96%B6%E6%A5%AD%E9%83%A8", "/section/group/%E5%96%B6%E6%A5%AD%E9%83%A8/remove", "/section/tokens", "/section/settings/recipients", "/section/settings/notice", "/me/password", "/me/sessions/end", "/sign-out"]


# spec: X-ACCOUNTS X-ADMIN (forged forms)
def test_a_form_of_another_site_or_session_changes_nothing(place):
    path, *_ = place.submit("of forms")
    admin, other = place.user("acme/kanri"), place.user("acme/kanri")
    deposit = public(place, None)
    changes = [*CHANGES, f"/section/deposits/{deposit}/cancel", f"/section/deposits/{deposit}/extend"]
    fields = {"login_id": "intruder", "name": "intruder", "address": "intruder@acme.example", "administrator": "on", "days": "7", "scope": "audit:read", "current": PASSWORD, "password": OTHER, "again": OTHER,
              "csv": "login_id,name,address\nintruder,,i@acme.example\n", "until": "2026-12-31", "whole": "true"}
    before, key = place.state(), admin.key()
    forged = [{}, {"form": ""}, {"form": other.key()}, {"form": key[:-1] + ("A" if key[-1] != "A" else "B")}, {"form": ["", key + "x"]}]
    for address in changes:
        for form in forged:
            status = admin.post(address, {**fields, **form})
            assert status in (400, 403, 404, 405, 415), (address, form, status)
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}):
            status = admin.post(address, {**fields, "form": key}, **headers)
            assert status in (400, 403, 404, 405, 415), (address, headers, status)
        for kind in ("text/plain", "application/json", "multipart/form-data; boundary=x"):
            status = admin.post(address, {**fields, "form": key[:-2]}, **{"Content-Type": kind})
            assert status in (400, 403, 404, 405, 413, 415, 422), (address, kind, status)
    assert place.state() == before
    assert admin.get("/me") == 200, "and nobody was signed out"
    cookies = admin.answer.headers.get_all("Set-Cookie") or []
    assert not cookies or all("HttpOnly" in cookie and "SameSite" in cookie for cookie in cookies)


# spec: X-ACCOUNTS (sessions)
def test_a_session_is_never_one_that_was_there_before(place):
    for planted in ("A" * 43, "", "1", "../x"):
        client = Client(place.site, {"fubako_session": planted})
        client.sign_in("acme/tanaka")
        new = client.cookies["fubako_session"]
        assert new != planted and len(new) >= 43
        assert Client(place.site, {"fubako_session": planted}).get("/me") == 303
        raw = client.answer.headers.get_all("Set-Cookie")
        assert any("fubako_session=" in cookie and "HttpOnly" in cookie and re.search("SameSite=(Lax|Strict)", cookie) and "Domain=" not in cookie for cookie in raw), raw
        again = Client(place.site, {"fubako_session": new})
        again.sign_in("acme/tanaka")
        assert again.cookies["fubako_session"] != new
        assert Client(place.site, {"fubako_session": new}).get("/me") == 303, "the one before is over"
        assert again.post("/sign-out", {"form": again.key()}) == 303
        assert Client(place.site, {"fubako_session": again.cookies["fubako_session"]}).get("/me") == 303


# spec: X-ACCOUNTS (open redirects)
def test_a_sign_in_leads_to_this_site_alone(place):
    for way in ("/sign-in?next=//evil.example", "/sign-in?return=https://evil.example", "/sign-in/d/%2f%2fevil.example", "/sign-in/received/%2f%2fevil.example", "/sign-in/approvals/%2f%5cevil.example",
                "/sign-in/d/..%2f..%2f%2fevil.example", "/sign-in//evil.example", "//evil.example/sign-in", "/sign-in/approvals/%0d%0aLocation:%20https:%2f%2fevil.example", "/\\evil.example", "//evil.example/%2e%2e"):
        for method, form in (("GET", None), ("POST", {"name": "acme/tanaka", "password": PASSWORD, "next": "//evil.example", "url": "https://evil.example"})):
            client = Client(place.site)
            client.ask(method, way, form=form, Referer="https://evil.example/")
            location = client.answer.headers.get("Location")
            if location:
                target = urllib.parse.urlsplit(urllib.parse.urljoin(place.site.base + "/", location.replace("\\", "/")))
                assert target.netloc == urllib.parse.urlsplit(place.site.base).netloc, (way, location)


# spec: X-RECEIVE (names in headers and in the archive)
def test_a_file_s_name_is_a_name_alone(place):
    names = ['a"; filename="evil.exe', "b; filename*=UTF-8''evil.exe", "c%0d%0aX-I%3a 1.txt", "..hidden", "-rf", "CON.txt", "d'e.txt", "見積 “書”.pdf", "f\tg.txt".replace("\t", "%09"), "…", "a.txt ", "~root", "$HOME.txt", "`id`.txt", "|x.txt"]
    path, password, *_ = place.submit("of names", names)
    client = opened(place, path, password)
    for number in range(1, len(names) + 1):
        assert client.get(f"{path}/files/{number}") == 200
        headers = client.answer.headers
        assert "x-i" not in headers and headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in headers["Content-Security-Policy"]
        [disposition] = headers.get_all("Content-Disposition")
        message = email.message_from_string(f"Content-Disposition: {disposition}\n\n", policy=email.policy.HTTP)
        assert message.get_content_disposition() == "attachment"
        # RFC 6266: the plain form has no quote or backslash within it, the extended one is the name.
        plain = re.fullmatch(r"""attachment; filename="([^"\\]*)"(?:; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]*))?""", disposition)
        assert plain, disposition
        assert urllib.parse.unquote(plain[2] or plain[1]) == names[number - 1].strip(), disposition
    connection = http.client.HTTPConnection("127.0.0.1", place.site.http, timeout=60)
    connection.request("GET", f"{path}/all.zip", headers={"Cookie": "; ".join(f"{k}={v}" for k, v in client.cookies.items())})
    archive = zipfile.ZipFile(io.BytesIO(connection.getresponse().read()))
    connection.close()
    inside = archive.namelist()
    assert len(inside) == len(set(name.casefold() for name in inside)) == len(names)
    for name in inside:
        assert not name.startswith(("/", "\\")) and ".." not in name.replace("\\", "/").split("/") and "/" not in name and "\\" not in name and ":" not in name, name


# spec: X-RECEIVE (scanners of mails open every link there is, and HEAD it)
def test_whoever_only_looks_changes_nothing(place):
    path, password, relayed, notice = place.submit("of scanners")
    reset = link(place.site.run("operator", "reset", "wise/kanri").stdout).removeprefix(place.site.base)
    before = place.state()
    people = [Client(place.site), place.user("acme/tanaka"), place.user("acme/kanri"), place.user("root")]
    seen = 0
    for client in people:
        session = client.cookies.get("fubako_session")
        todo, done = ["/", path, reset, "/me", "/sent", "/received", "/approvals", "/section/users", "/section/groups", "/section/settings", "/section/deposits", "/audit", "/section/tokens", "/operator/maintenance", "/api"], set()
        while todo and len(done) < 400:
            address = todo.pop(0)
            if address in done:
                continue
            done.add(address)
            for method in ("HEAD", "GET"):
                status = client.ask(method, address)
                assert (client.cookies.get("fubako_session") or None) == session, address
            if status == 200:
                todo += [found for found in anchors(client.text) if found.startswith("/") and not found.startswith("//")]
            elif 300 <= status < 400:
                todo.append(client.answer.headers["Location"].removeprefix(place.site.base))
        seen += len(done)
    assert seen > 60
    assert place.state() == before
    place.accept(reset)
    opened(place, path, password)


# spec: X-ACCOUNTS (guesses)
@pytest.mark.parametrize("what", ["a user's password", "a file password"])
def test_ten_thousand_guesses_from_many_addresses_open_nothing(place, what):
    path, password, *_ = place.submit("of guesses")
    place.reset("wise/kanri")

    def guess(some):
        connection = http.client.HTTPConnection("127.0.0.1", place.site.http, timeout=300)
        statuses = []
        with contextlib.closing(connection):
            for n in some:
                headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": f"10.{n % 100}.0.1"}
                form = {"name": "wise/kanri", "password": f"wrong {n}"} if "user" in what else {"password": f"wrong-{n}"}
                connection.request("POST", "/sign-in" if "user" in what else f"{path}/open", urllib.parse.urlencode(form), headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
        return statuses

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(itertools.chain.from_iterable(pool.map(guess, [range(at, 10_000, 8) for at in range(8)])))
    assert len(statuses) == 10_000 and set(statuses) <= {401, 403, 429}, set(statuses)
    # The right one opens nothing either, as long as it is locked.
    client = Client(place.site, **{"X-Forwarded-For": "192.0.2.77"})
    if "user" in what:
        assert client.post("/sign-in", {"name": "wise/kanri", "password": PASSWORD}) in (401, 403, 429)
        place.reset("wise/kanri")
    else:
        assert client.post(f"{path}/open", {"password": password}) in (403, 429)
