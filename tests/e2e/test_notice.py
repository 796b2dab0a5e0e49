"""The notice in HTML that hides things: a browser must show it whatever was left open (MAIL-NOTICE), and no removed part is asked for (MAIL-CID)."""
import email
import email.policy
import json
import subprocess

import pytest

import harness
from browser import Browser

BODIES = {
    "plain": "<p>hello</p>", "hidden div": "<div style='display:none'>preheader<p>hello", "hidden by class": "<style>.x{display:none}</style><div class=x>a<p>b",
    "hidden span": "<span hidden><p></span>a", "hidden, table": "<div hidden><table><tr><td></div></td></tr></table>a", "hidden, nested table": "<table><tr><td hidden>a<table></td>b",
    "hidden formatting": "<p><font style='display:none'>a</p>b", "hidden in a cell": "<b hidden><table><tr><td></b></td></tr></table>a", "small caps": "<p style='font-size:0'>a<div style='font-size:0;opacity:0'>b",
    "select": "<select><option>a<option>b", "select, body end": "<body>a<select><option>b</body></html>", "select in a table": "<table><tr><td><select><option>a", "svg": "<svg><g>a", "svg title": "<svg><title>a",
    "svg foreign object": "<svg><foreignObject><div>a", "math": "<math><mi>a", "title": "<title>a", "title in the body": "<body>a<title>b", "textarea": "<body><textarea>a", "template": "<template><p>a",
    "template, body": "<template><body>a</body>", "noscript": "<noscript>a", "noscript in the head": "<head><noscript>a", "comment": "<p>a<!-- b", "comment in a hidden div": "<div hidden><!-- b", "style": "<style>p{", "script": "<script>a",
    "xmp": "<xmp>a", "iframe": "<iframe>a", "noframes": "<noframes>a", "object": "<object>a", "video": "<video>a", "canvas": "<canvas>a", "details": "<details><summary>a</summary>b", "dialog": "<dialog>a", "button": "<button hidden>a",
    "datalist": "<datalist>a", "map": "<map>a", "frameset": "<html><head></head><frameset><frame src='about:blank'></frameset></html>", "frameset, noframes": "<frameset><noframes><body>a</body></noframes></frameset>",
    "hidden body": "<body style='display:none'>a</body>", "hidden root": "<html hidden><body style='visibility: hidden !important'>a", "a body in a comment": "<!-- <body> --><p>a", "list": "<ul hidden><li>a<ul><li>b</li></ul>",
    "plaintext": "<div hidden><plaintext>a", "cut tag": "<div hidden><p title='a", "conditional": "<!--[if mso]><div style='display:none'><![endif]-->a", "anchor": "<a hidden href=x>a<div>b", "fieldset": "<fieldset hidden><legend>a",
}


def mail(html):
    out = email.message.EmailMessage(policy=email.policy.SMTP)
    out["From"], out["To"], out["Subject"] = "Tanaka <tanaka@acme.example>", "suzuki@recipient.example", "test"
    out.set_content(html, subtype="html")
    out.add_attachment(b"file", maintype="application", subtype="pdf", filename="a.pdf")
    return out.as_bytes()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The HTML that leaves, of each mail."""
    folder = tmp_path_factory.mktemp("notice")
    (folder / "mails").mkdir()
    for name, html in BODIES.items():
        (folder / "mails" / f"{name}.eml").write_bytes(mail(html))
    done = subprocess.run([str(harness.BINARY), "inspect", str(folder / "mails"), "--json", "--rewrite", str(folder / "out")], capture_output=True, text=True, timeout=120, check=True)
    assert {json.loads(line)["decision"] for line in done.stdout.splitlines()} == {"deposit"}
    found = {}
    for path in (folder / "out").iterdir():
        body = email.message_from_bytes(path.read_bytes(), policy=email.policy.default).get_body()
        page = folder / f"{path.stem}.html"
        page.write_text("\ufeff" + body.get_content())
        found[path.stem] = page
    return found


# spec: MAIL-NOTICE
@pytest.mark.parametrize("scripts", [True, False])
def test_a_browser_shows_the_notice_whatever_is_left_open(pages, tmp_path, scripts):
    assert set(pages) == set(BODIES)
    browser = Browser(tmp_path, scripts)
    hidden = []
    try:
        for name, page in sorted(pages.items()):
            browser.open(page.as_uri())
            shown = [e for e in browser.driver.find_elements("xpath", "//li[text()='a.pdf']") if e.is_displayed() and e.size["height"] > 8]
            if len(shown) != 1:
                hidden.append((name, len(shown), page.read_text()[:200]))
    finally:
        browser.stop()
    assert not hidden, json.dumps(hidden, indent=1, ensure_ascii=False)
