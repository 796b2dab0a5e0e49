"""Chromium, as the recipient uses it."""
import contextlib
import hashlib
import pathlib

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait

import harness


class Browser:
    def __init__(self, folder, scripts=True):
        self.downloads = pathlib.Path(folder) / "downloads"
        self.downloads.mkdir(parents=True)
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900",
            "--ignore-certificate-errors", f"--user-data-dir={folder}/profile",
        ):
            options.add_argument(flag)
        options.add_experimental_option("prefs", {
            "download.default_directory": str(self.downloads), "download.prompt_for_download": False,
            "profile.managed_default_content_settings.javascript": 1 if scripts else 2,
            "safebrowsing.enabled": False, "profile.default_content_setting_values.automatic_downloads": 1,
        })
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
        self.driver.set_page_load_timeout(30)

    def stop(self):
        self.driver.quit()

    def open(self, url):
        self.driver.get(url)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def wait_for(self, words, seconds=30):
        """Waits until the page has these words. Between two pages the driver may have no document to ask."""
        wait = WebDriverWait(self.driver, seconds, ignored_exceptions=[WebDriverException])
        wait.until(lambda _: words in self.text())

    def type_password(self, password):
        field = self.driver.find_element(By.CSS_SELECTOR, "input[name=password]")
        field.clear()
        field.send_keys(password)
        self.leave(field.submit)

    def follow(self, element):
        """Clicks what leads to another page, and waits until that is there."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        self.leave(element.click)

    def leave(self, way):
        """Goes this way to another page. It returns before the answer is there: the old page must be gone and the new one whole."""
        page = self.driver.find_element(By.TAG_NAME, "html")
        way()
        # Between two pages the driver may have no document to ask.
        wait = WebDriverWait(self.driver, 60, ignored_exceptions=[WebDriverException])
        wait.until(staleness_of(page))
        wait.until(lambda d: d.execute_script("return document.readyState") == "complete")

    def links(self, part):
        return [a for a in self.driver.find_elements(By.CSS_SELECTOR, "a[href]") if part in a.get_attribute("href")]

    def download(self, link):
        """Clicks, waits, and gives the file's (name, sha256)."""
        before = set(self.downloads.iterdir())
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
        link.click()

        def done():
            new = [p for p in self.downloads.iterdir() if p not in before and not p.name.startswith(".")]
            return new if new and not any(p.suffix == ".crdownload" for p in new) else None

        [path] = harness.wait_for("the download", done, 60)
        return path.name, hashlib.sha256(path.read_bytes()).hexdigest()

    @contextlib.contextmanager
    def screen(self, width, height):
        """Shows pages on a screen of this size, in CSS pixels. (A window has a least width.)"""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def sideways(self):
        """How wide the screen is, and how far the page is wider than what is seen of it: 0 where nothing scrolls sideways."""
        return tuple(self.driver.execute_script(
            "const e = document.documentElement; return [window.innerWidth, e.scrollWidth - e.clientWidth]"))

    def axe(self):
        """What axe finds serious or critical on the page."""
        source = (harness.TOOLS / "node_modules/axe-core/axe.min.js").read_text()
        self.driver.execute_script(source)
        found = self.driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
        return [(v["id"], v["help"], [n["html"] for n in v["nodes"]]) for v in found["violations"] if v["impact"] in ("serious", "critical")]
