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
    # Scripts that write scripts (top).
    "script in a script": "<html><head><script><!--\ndocument.write('<script src=\"a.js\"></script>');\n//--></script></head><body>Dear", "script in a script, short": "<script><!-- <script>x</script> --></script><p>hi",
    # End tags that end less than it seems.
    "form, div": "<form style='display:none'><input><div>x</form><p>Dear", "form, span": "<form style='display:none'><input><span>x</form><p>Dear", "form, b": "<form style='display:none'><b>x</form><p>Dear",
    "form, table": "<form style='display:none'><table><tr><td>x</form><p>Dear", "form with a hidden div": "<form><div hidden>x</form><p>Dear",
    # Formatting elements that come back.
    "font in a table": "<table><font hidden><tr><td>a</td></tr></table>b", "i in a row": "<table><tr><i style='display:none'><td>x</table>y", "b after a row": "<table><tr><td>a</td></tr><b hidden></table><p>Dear",
    "b in a select": "<select><b hidden><option>a</select>b", "adoption": "<b hidden>" + "<div>" * 12 + "</b>x", "b in svg": "<svg><desc><b hidden>a</desc></svg>b", "many fonts": "".join(f"<p><font id=a{i} hidden></p>" for i in range(60)) + "x",
    # Cut in an end tag.
    "cut textarea": "<textarea>x</textarea", "cut title": "<body><title>x</title", "cut style": "<style>x</style ", "cut script": "<script>x</script", "cut xmp": "<xmp>x</xmp /",
    # Frames after what is no text.
    "frames, space": "&#32;<frameset><frame></frameset>", "frames, line end": "<p>&#10;</p><frameset><frame></frameset>", "frames, nul": "&#0;<frameset><frame></frameset>", "frames, tab": "&Tab;<frameset><frame></frameset>",
    "frames, template": "<template><body>x</template><frameset><frame></frameset>",
    # Left open in what Outlook does not show.
    "open, not Outlook": "<!--[if !mso]><!--><div style='max-height:0;overflow:hidden'>pre<!--<![endif]--><p>x", "open, not Outlook, old": "<![if !mso]><div hidden>a<![endif]>b",
    "cdata": "<svg><![CDATA[ </svg> a", "div in svg": "<svg><title><div hidden>a</title>", "nul in a name": "<di\0v hidden>x", "rp": "<ruby><rp>a", "rb": "<rb hidden>a<rtc>", "meter": "<meter>a", "progress": "<progress>a",
    # A body that hides all.
    "opacity": "<body style='opacity:.0'>a", "opacity, zeros": "<body style='opacity:0.00'>a", "clip path": "<body style='clip-path:inset(100%)'>a", "no size": "<body style='width:0;height:0;overflow:hidden'>a",
    "off screen": "<body style='position:absolute;left:-9999px'>a", "off screen, root": "<html style='position:absolute;top:-9999px'><body>a", "popover": "<body popover>a", "scaled": "<body style='transform:scale(0)'>a", "no colour": "<body style='color:transparent'>a",
    "content visibility": "<body style='content-visibility:hidden'>a", "margin": "<body style='margin-left:-9999px'>a", "shadow root": "<body><template shadowrootmode=open>b</template>a", "shadow root in a div": "<div><template shadowrootmode=open>b</template>a",
}


def mail(html):
    out = email.message.EmailMessage(policy=email.policy.SMTP)
    out["From"], out["To"], out["Subject"] = "Tanaka <tanaka@acme.example>", "suzuki@recipient.example", "test"
    out.set_content(html, subtype="html", cte="base64")
    out.add_attachment(b"file", maintype="application", subtype="pdf", filename="a.pdf")
    return out.as_bytes()


SECTION = """
[[section]]
id = "acme"
name = "Acme"
mail_link = true
autopilot = true
domains = ["acme.example"]
settings = { notice_position = "top" }
"""

# The file names of the notice that a person sees: no ancestor hides them, they stand where one can scroll to, and nothing
# lies over them or cuts them off.
SEEN = """
return [...document.querySelectorAll('li')].filter(e => e.textContent === 'a.pdf').filter(e => {
    if (!e.checkVisibility({opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true})) return false;
    const root = document.scrollingElement, box = e.getBoundingClientRect();
    if (box.height < 8 || box.width < 8) return false;
    const [x, y] = [box.x + scrollX, box.y + scrollY];
    if (x < 0 || y < 0 || x >= root.scrollWidth || y >= root.scrollHeight) return false;
    const style = getComputedStyle(e);
    const clear = colour => /^rgba.*, 0\\)$/.test(colour);
    if (clear(style.color) || clear(style.webkitTextFillColor) || style.webkitTextSecurity !== 'none') return false;
    let opacity = 1;
    for (let at = e; at; at = at.parentElement) opacity *= getComputedStyle(at).opacity;
    e.scrollIntoView({block: 'center', behavior: 'instant'});
    const now = e.getBoundingClientRect();
    return opacity > 0.4 && e.contains(document.elementFromPoint(now.x + 3, now.y + now.height / 2));
}).length"""


@pytest.fixture(scope="module", params=["end", "top"])
def pages(tmp_path_factory, request):
    """The HTML that leaves, of each mail."""
    folder = tmp_path_factory.mktemp("notice")
    (folder / "mails").mkdir()
    for name, html in BODIES.items():
        (folder / "mails" / f"{name}.eml").write_bytes(mail(html))
    config, sections = folder / "fubako.toml", folder / "sections.toml"
    config.write_text(f'data_dir = "{folder / "data"}"')
    sections.write_text(SECTION)
    command = [str(harness.BINARY), "inspect", str(folder / "mails"), "--json", "--rewrite", str(folder / "out")]
    if request.param == "top":
        subprocess.run([str(harness.BINARY), "apply", "--config", str(config), str(sections)], capture_output=True, timeout=60, check=True)
        command += ["--config", str(config), "--section", "acme"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert {json.loads(line)["decision"] for line in done.stdout.splitlines()} == {"deposit"}
    found = {}
    for path in (folder / "out").iterdir():
        body = email.message_from_bytes(path.read_bytes(), policy=email.policy.default).get_body()
        page = folder / f"{path.stem}.html"
        page.write_text("\ufeff" + body.get_content())
        found[path.stem] = page
    plain = found["plain"].read_text()
    assert (plain.index("a.pdf") < plain.index("hello")) == (request.param == "top")
    return found


# spec: MAIL-NOTICE
@pytest.mark.parametrize("scripts", [True, False])
def test_a_browser_shows_the_notice_whatever_the_body_says(pages, tmp_path, scripts):
    assert set(pages) == set(BODIES)
    browser = Browser(tmp_path, scripts)
    hidden = []
    try:
        for name, page in sorted(pages.items()):
            browser.open(page.as_uri())
            seen = browser.driver.execute_script(SEEN)
            if seen != 1:
                hidden.append((name, seen, page.read_text()[:200]))
    finally:
        browser.stop()
    assert not hidden, json.dumps(hidden, indent=1, ensure_ascii=False)
