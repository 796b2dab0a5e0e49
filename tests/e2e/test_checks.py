"""What a section allows (spec 3.4): each code over SMTP, and the notice that the sender gets."""
import re

import pytest

import harness
import mails
from test_faults import FROM, TO, submit

DECLARATION = harness.SECTION + """
[section.settings]
forbidden_names = ["*.exe"]
denied_destinations = ["*.denied.example", "denied.example"]
"""


@pytest.fixture(scope="module")
def strict(folder, mailboxes):
    server = harness.Fubako(folder / "strict", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}, DECLARATION).start()
    yield server
    server.stop()


def files(*names, head=None, **fields):
    return mails.multipart(head or mails.head(**fields), [(b"Content-Type: text/plain\r\n", b"see the files")] + [
        mails.attachment(b"Content-Type: application/pdf\r\nContent-Disposition: attachment"
                         + (b"; filename*=UTF-8''" + "".join("%%%02X" % b for b in name.encode()).encode() if name else b"") + b"\r\n", b"%PDF")
        for name in names])


CASES = {
    # code: (mail, recipients, what the notice names)
    "name-character": (files("笑顔😀.pdf"), [TO], "笑顔😀.pdf"),
    "too-many-files": (files(*(f"{n}.pdf" for n in range(21))), [TO], "20"),
    "name-missing": (files(""), [TO], "part-1.pdf"),
    "name-duplicate": (files("見積書.pdf", "b.pdf", "見積書.PDF"), [TO], "見積書.PDF"),
    "name-forbidden": (files("setup.EXE"), [TO], "setup.EXE"),
    "too-many-recipients": (files("a.pdf"), [TO] + [f"u{n}@recipient.example" for n in range(50)], "50"),
    "recipient-malformed": (files("a.pdf", to=b"suzuki@recipient.example, suzuki@"), [TO], "suzuki@"),
    "recipient-duplicate": (files("a.pdf", to=b"suzuki@recipient.example, SUZUKI@Recipient.example"), [TO], "SUZUKI@Recipient.example"),
    "recipient-restricted": (files("a.pdf"), [TO, "x@sub.denied.example"], "x@sub.denied.example"),
    "subject-too-long": (files("a.pdf", subject=mails.encoded("長" * 201)), [TO], "200"),
    "subject-character": (files("a.pdf", subject=mails.encoded("𠮷野様")), [TO], "𠮷"),
}


# spec: 3.4 NOTICE
@pytest.mark.parametrize("code", CASES)
def test_a_mail_that_breaks_a_rule_is_stopped_and_its_sender_told(strict, mailboxes, code):
    mail, recipients, about = CASES[code]
    before, there = len(mailboxes.raw(FROM)), len(mailboxes.raw(TO))
    submit(strict, mail, recipients)
    notice = mailboxes.wait(FROM, before + 1)[before]
    text, html = harness.bodies(notice)
    assert re.search(r"\(%s\)" % code, text) and f"({code})" in html, text
    japanese, english = text.split("-" * 40)
    assert about in japanese and about in english and about in html, text
    assert "■" in japanese and "→" in japanese and not re.search("[ぁ-ん]", english.split("Subject:")[0])
    assert notice["in-reply-to"] == notice["references"] == re.search(rb"Message-ID: (<.*>)", mail)[1].decode()
    assert notice["auto-submitted"] == "auto-replied" and not list(notice.iter_attachments())
    assert len(mailboxes.raw(TO)) == there and not strict.queue()


# spec: NOTICE
def test_all_problems_are_told_at_once(strict, mailboxes):
    before = len(mailboxes.raw(FROM))
    mail = files("😀.pdf", "a.exe", "b.exe", "B.EXE", subject=mails.encoded("長" * 201), to=b"suzuki@recipient.example, x@denied.example")
    submit(strict, mail, [TO, "x@denied.example"])
    text, _ = harness.bodies(mailboxes.wait(FROM, before + 1)[before])
    codes = re.search(r"\(([a-z, -]+)\)", text)[1].split(", ")
    assert codes == ["name-character", "name-duplicate", "name-forbidden", "recipient-restricted", "subject-too-long"]
    assert all(name in text for name in ("😀.pdf", "a.exe", "b.exe", "B.EXE", "x@denied.example", "200"))


# spec: MAIL-NONE
def test_a_mail_without_files_is_not_checked(strict, mailboxes):
    there = len(mailboxes.raw(TO))
    submit(strict, mails.head(mails.encoded("長" * 201)) + b"\r\nno file\r\n", [TO])
    mailboxes.wait(TO, there + 1)
