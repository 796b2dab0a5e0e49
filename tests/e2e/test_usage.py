"""How much a section sends, as its administrator sees it in Chromium (spec X-ADMIN, X-LANG)."""
import pytest
from selenium.webdriver.common.by import By

import harness
from test_accounts import LANGS, SIZES, Person
from test_cancelling import ONE, SECTION, TWO, USER, click, deposit, open_link, sign_in

KEPT = {"ja": "1件、3.9 KB", "en": "1 file, 3.9 KB"}
NOTHING = {"ja": "送ったお預かりはありません", "en": "Nothing was sent in these 12 months"}
SO_FAR = {"ja": "(途中)", "en": "(so far)"}
NO_PAGE = {"ja": "このページはありません", "en": "There is no such page"}


@pytest.fixture
def place(folder, request):
    own = folder / f"usage-{abs(hash(request.node.name))}"
    mailboxes = harness.Mailboxes(own, [ONE, TWO, USER]).start()
    site = harness.Fubako(own / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}, SECTION).start()
    site.base = f"http://127.0.0.1:{site.http}"
    yield site, mailboxes
    site.stop()
    mailboxes.stop()


@pytest.fixture
def recipient_browser(folder, request):
    from browser import Browser
    browser = Browser(folder / f"usage-recipient-{abs(hash(request.node.name))}")
    yield browser
    browser.stop()


def numbers(person):
    """Deposits, recipients, files, size and downloads of the month that is going on, and all months' names."""
    rows = person.browser.driver.find_elements(By.CSS_SELECTOR, "table.numbers tbody tr")
    return [cell.text for cell in rows[0].find_elements(By.TAG_NAME, "td")], [row.find_element(By.TAG_NAME, "th").text for row in rows]


def bars(person):
    """How high each chart's bars are drawn, where there are any."""
    charts = person.browser.driver.find_elements(By.CSS_SELECTOR, "svg.chart")
    return [[round(float(bar.get_dom_attribute("height"))) for bar in chart.find_elements(By.TAG_NAME, "rect")] for chart in charts]


# spec: X-ADMIN X-LANG
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lang", LANGS)
def test_an_administrator_sees_what_was_sent_and_taken(place, browser, recipient_browser, lang, size):
    site, _ = place
    with browser.screen(*size):
        kanri = Person(browser, site, lang, size)
        sign_in(site, kanri, "kanri")
        page = click(kanri, "a[href^='/section/usage']")
        assert NOTHING[lang] in page and bars(kanri) == []
        links, password = deposit(place, USER, f"usage {lang} {size[0]}")
        page = kanri.open("/section/usage")
        assert KEPT[lang] in page and NOTHING[lang] not in page
        now, months = numbers(kanri)
        assert now == ["1", "2", "1", "3.9 KB", "0"] and bars(kanri) == [[100], [100], []]
        assert len(set(months)) == 12 and SO_FAR[lang] in months[0]
        with recipient_browser.screen(*size):
            guest = Person(recipient_browser, site, lang, size)
            open_link(guest, links[ONE], password)
            recipient_browser.download(recipient_browser.links("/files/1")[0])
        harness.wait_for("it is counted", lambda: kanri.open("/section/usage") and numbers(kanri)[0] == ["1", "2", "1", "3.9 KB", "1"])
        assert bars(kanri) == [[100], [100], [100]]

        # It is nobody else's.
        sign_in(site, kanri, "tanaka")
        assert not browser.links("/section/usage")
        assert NO_PAGE[lang] in kanri.open("/section/usage")
