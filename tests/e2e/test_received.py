"""Recipients who sign in with an account of their own: from the link's page, and from the list of what they received; with real mail and in Chromium
(spec ACCESS, X-RECEIVE, X-AUDIT, X-LANG)."""
import contextlib
import hashlib
import json
import urllib.error
import urllib.request

import pytest
from selenium.webdriver.common.by import By

import harness
from test_access import CONTENT, SENDER, TO, Place
from test_accounts import LANGS, PASSWORD, REFUSED, SIZES, Person, link

# Who sends, and another section: the recipient is its user, at its own domain.
SECTIONS = harness.SECTION.replace('domains = ["acme.example"]', 'domains = ["acme.example"]\nsettings = { access = ["account"] }') + """
[[section.user]]
login_id = "kanri"
address = "kanri@acme.example"
administrator = true
[[section]]
id = "beta"
name = "ベータ工業"
domains = ["recipient.example"]
[[section.user]]
login_id = "suzuki"
address = "suzuki@recipient.example"
name = "鈴木 花子"
[[section.user]]
login_id = "sato"
address = "sato@recipient.example"
"""
HOW = {"ja": "サインインして開けます", "en": "you can sign in to open them"}
OTHER = {"ja": "このアカウントでは開けません", "en": "whose account does not open these files"}
NAME = {"ja": "ログインID", "en": "Login ID"}
OUT = {"ja": "サインアウトしました", "en": "You are signed out"}
RECEIVED = {"ja": "受け取ったファイル", "en": "Received files"}
NONE = {"ja": "受け取ったファイルはありません", "en": "You have not received any files"}
NO_PAGE = {"ja": "このページはありません", "en": "There is no such page"}
CANCELLED = {"ja": "お渡しは取りやめになりました", "en": "These files are no longer offered"}
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def place(folder):
    path = folder / "received"
    path.mkdir()
    place = Place(path, SECTIONS)
    visitors = {}
    for name in ("acme/kanri", "beta/suzuki", "beta/sato"):
        visitor = visitors[name] = harness.Visitor(place.site.base)
        invitation = link(place.site.run("operator", "reset", name).stdout)
        visitor.send(invitation.removeprefix(place.site.base), password=PASSWORD, again=PASSWORD)
        visitor.send("/sign-in", name=name, password=PASSWORD)
    place.visitors = visitors
    yield place
    place.stop()


def scan(place, link):
    """What a scanner of mails does: opens every address that it finds, and those that it guesses."""
    for path in (link, f"/sign-in{link}", f"{link}/files/1", f"{link}/all.zip", "/received", "/sign-in/received"):
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(place.site.base + path, timeout=30).close()


def state(place):
    """How many sessions of links, downloads and lines of the log there are."""
    [row] = place.database("SELECT (SELECT COUNT(*) FROM link_sessions), (SELECT COUNT(*) FROM downloads), (SELECT COUNT(*) FROM audit_lines)")
    return row


def path_of(browser):
    return browser.driver.current_url.split("?")[0]


# spec: ACCESS X-RECEIVE X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_a_recipient_signs_in_at_the_link_and_finds_it_in_the_list(place, browser, lang, size):
    relayed, notice, link = place.submit()
    assert "サインイン" in notice, notice
    assert "パスワード" not in relayed + notice and "確認コード" not in relayed + notice, relayed + notice
    base, before = place.site.base, state(place)
    scan(place, link)
    with browser.screen(*size):
        person = Person(browser, place.site, lang, size)
        browser.driver.delete_all_cookies()
        page = person.open(link)
        assert HOW[lang] in page and TO in page and "a.pdf" not in page
        assert not browser.driver.find_elements(By.CSS_SELECTOR, "main form")
        [way] = browser.links(f"/sign-in{link}")
        assert way.get_attribute("href") == f"{base}/sign-in{link}?lang={lang}"
        browser.follow(way)
        assert NAME[lang] in person.look()
        assert state(place) == before, "a GET changed something"
        assert REFUSED[lang] in person.send(f"/sign-in{link}", name="beta/suzuki", password="another one")
        # Another's account opens nothing.
        page = person.send(f"/sign-in{link}", name="beta/sato", password=PASSWORD)
        assert path_of(browser) == base + link and OTHER[lang] in page and "beta/sato" in page and "a.pdf" not in page
        assert NONE[lang] in person.open("/received")
        person.open(link)
        assert OUT[lang] in person.send("/sign-out")
        # One's own leads back to the files.
        person.open(f"/sign-in{link}")
        page = person.send(f"/sign-in{link}", name="beta/suzuki", password=PASSWORD)
        assert path_of(browser).startswith(f"{base}/received/") and "a.pdf" in page and SENDER in page
        theirs = path_of(browser)
        [file] = browser.links("/files/1")
        assert browser.download(file)[1] == DIGEST
        # So does the link from now on, and the list, to which one's own page leads.
        person.open(link)
        assert path_of(browser) == theirs
        person.open("/me")
        browser.follow(browser.links("/received")[0])
        page = person.look()
        assert RECEIVED[lang] in page and SENDER in page and TO in page
        newest = browser.links("/received/")[0]
        assert newest.get_attribute("href").split("?")[0] == theirs, "the newest comes first"
        browser.follow(newest)
        assert "a.pdf" in browser.text()
        assert browser.download(browser.links("/files/1")[0])[1] == DIGEST
        # Signed out, nothing of it is left in the browser.
        person.open("/me")
        person.send("/sign-out")
        assert HOW[lang] in person.open(link)
        person.open(theirs.removeprefix(base))
        assert path_of(browser) == f"{base}/sign-in{theirs.removeprefix(base)}"
    sessions, downloads, _ = state(place)
    assert (sessions, downloads) == (before[0], before[1] + 1), "one download a session, and no session of the link"


# spec: ACCESS X-RECEIVE X-CANCEL X-AUDIT
def test_what_is_taken_by_an_account_is_seen_and_can_be_taken_back(place, browser):
    _, _, link = place.submit()
    [[link_id, deposit]] = place.database("SELECT id, deposit FROM links ORDER BY id DESC LIMIT 1")
    suzuki, sato, kanri = (place.visitors[name] for name in ("beta/suzuki", "beta/sato", "acme/kanri"))
    path = f"/received/{link_id}"
    # The link leads whoever is the recipient there; whoever is not gets what an id that is nobody's gives.
    assert "a.pdf" in suzuki.page(link) and path in suzuki.page("/received") and path not in sato.page("/received")
    for other in (path, f"{path}/files/1", f"{path}/all.zip"):
        answers = []
        for tried in (other, other.replace(link_id[-4:], "zzzz")):
            with pytest.raises(urllib.error.HTTPError) as refused:
                sato.page(tried)
            answers.append((refused.value.code, refused.value.read()))
        assert answers[0] == answers[1] and answers[0][0] == 404
    # A part of a file, and the whole.
    address = f"{place.site.base}{path}/files/1"
    with suzuki.opener.open(urllib.request.Request(address, headers={"Range": "bytes=1-3"}), timeout=60) as answer:
        assert (answer.status, answer.read()) == (206, CONTENT[1:4])
    with suzuki.opener.open(address, timeout=60) as answer:
        assert answer.read() == CONTENT
    lines = place.database("SELECT actor, address, detail FROM audit_lines WHERE event = 'downloaded' AND object = ?", deposit)
    [(actor, address, detail)] = lines
    detail = json.loads(detail)
    assert (actor, detail["recipient"], detail["way"], detail["file"]) == ("beta/suzuki", TO, "account", "a.pdf")
    assert address == "127.0.0.1" and detail["account"]
    # Who sent it sees that, and takes it back: at once it is there no more.
    seen = kanri.page(f"/section/deposits/{deposit}?lang=ja")
    assert TO in seen and "すべてダウンロード済み" in seen and "beta/suzuki がサインインして受け取り" in seen, seen
    kanri.send(f"/section/deposits/{deposit}/cancel/{link_id}")
    for gone in (path, f"{path}/files/1", link):
        with pytest.raises(urllib.error.HTTPError) as refused:
            suzuki.page(gone + "?lang=ja")
        assert refused.value.code == 410 and CANCELLED["ja"] in refused.value.read().decode(), gone
    assert path not in suzuki.page("/received")
    report = place.site.run("verify", "--audit", "--json", check=False)
    assert report.returncode == 0, report.stdout + report.stderr
