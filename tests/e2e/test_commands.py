"""The commands that people script against (spec: section 7), run as commands."""
import contextlib
import html
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

import pytest

import harness
import mails


def run(*arguments, env=None, cwd=None, timeout=120):
    return subprocess.run([str(a) for a in (harness.BINARY, *arguments)], capture_output=True, text=True, timeout=timeout,
                          cwd=cwd, env={**os.environ, **(env or {})})


# spec: RUN-EMBEDDED
def test_the_demo_brings_every_file_back_identical():
    done = run("demo", "--once", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] and len(report["mails"]) == 1
    [mail] = report["mails"]
    assert set(mail) == {"message_id", "decision", "codes", "relayed", "deposit_notice_url", "files", "seconds"}
    assert mail["decision"] == "deposit" and mail["relayed"] and "/d/" in mail["deposit_notice_url"]
    assert [f["name"] for f in mail["files"]] == ["完成予想図.png", "御見積書.pdf", "内訳表(新社屋).xlsx"]
    assert all(f["sha256_sent"] == f["sha256_downloaded"] for f in mail["files"])


def test_the_demo_with_mails_of_ones_own(folder):
    whole, files = mails.everything()
    (folder / "whole.eml").write_bytes(whole)
    (folder / "plain.eml").write_bytes(mails.head(b"plain") + b"\r\nno file\r\n")
    done = run("demo", "--once", "--json", "--mail", folder / "whole.eml", "--mail", folder / "plain.eml")
    report = json.loads(done.stdout)
    assert done.returncode == 0 and report["ok"], done.stderr
    assert {f["name"]: f["sha256_downloaded"] for f in report["mails"][0]["files"]} == files
    assert report["mails"][1]["decision"] == "relay" and report["mails"][1]["relayed"]
    (folder / "stopped.eml").write_bytes(mails.multipart(mails.head(b"s"), [
        mails.attachment(b'Content-Type: application/pkcs7-mime; name="smime.p7m"\r\n', b"x")]))
    done = run("demo", "--once", "--json", "--mail", folder / "stopped.eml")
    report = json.loads(done.stdout)
    assert done.returncode != 0 and not report["ok"]
    assert report["mails"][0]["decision"] == "stop" and report["mails"][0]["codes"] == ["encrypted"]
    (folder / "refused.eml").write_bytes(b"Subject: no From field\r\n\r\nno file\r\n")
    done = run("demo", "--once", "--json", "--mail", folder / "refused.eml")
    report = json.loads(done.stdout)
    assert done.returncode != 0 and report["mails"][0]["decision"] == "stop" and not report["mails"][0]["relayed"]


def demo_of(folder, **given):
    """What the demo makes of these mails: its exit code, its report's mails in order, its story."""
    arguments = []
    for name, mail in given.items():
        (folder / f"{name}.eml").write_bytes(mail)
        arguments += ["--mail", folder / f"{name}.eml"]
    done = run("demo", "--once", "--json", *arguments)
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0), done.stderr
    return done.returncode, report["mails"], done.stderr


def one_file(*bodies):
    file = mails.attachment(b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', b"the file")
    return mails.multipart(mails.head(b"bodies"), [*bodies, file])


PLAIN = (b"Content-Type: text/plain; charset=UTF-8\r\n", "本文です。\r\n".encode())
HTML = (b"Content-Type: text/html; charset=UTF-8\r\n", "<html><body><p>署名です。</p></body></html>\r\n".encode())


# spec: section 7 (demo), RCV-REPEAT
def test_the_demo_with_the_same_mail_twice(tmp_path):
    mail, began = one_file(PLAIN), time.monotonic()
    code, [first, again, other], story = demo_of(tmp_path, first=mail, again=mail, other=one_file(PLAIN))
    assert code == 0 and "handled once" in story, story
    assert time.monotonic() - began < 45, "it waits for what does not come"
    assert {**again, "seconds": 0} == {**first, "seconds": 0} and first["files"][0]["sha256_downloaded"] == mails.sha(b"the file")
    assert other["deposit_notice_url"] != first["deposit_notice_url"]
    # A mail that did not come through does not come through the second time either.
    stopped = mails.multipart(mails.head(b"s"), [mails.attachment(b'Content-Type: application/pkcs7-mime; name="smime.p7m"\r\n', b"x")])
    code, reports, story = demo_of(tmp_path, first=stopped, again=stopped)
    assert code != 0 and [(r["decision"], r["codes"], r["relayed"]) for r in reports] == [("stop", ["encrypted"], False)] * 2, story


# spec: section 7 (demo), MAIL-NOTICE
def test_the_demo_finds_the_password_in_whichever_body_it_is(tmp_path):
    quoted = (PLAIN[0], "返信です。\r\n> ファイルパスワード\r\n> aB3!aB3!aB3!aB3\r\nファイルパスワード\r\naB3!aB3!aB3!aB3\r\n".encode())
    code, reports, story = demo_of(tmp_path, end=one_file(PLAIN, HTML), middle=one_file(HTML, PLAIN, HTML), quoted=one_file(quoted))
    assert code == 0, story
    assert all(r["files"][0]["sha256_downloaded"] == mails.sha(b"the file") for r in reports)


# spec: section 7 (demo: "decision", "codes")
def test_the_demo_says_what_the_gateway_did(tmp_path):
    endless = one_file((HTML[0], b"<a " + b"x" * (5 << 20) + b">"))
    unknown = b"Subject: no From field\r\nMIME-Version: 1.0\r\n" + endless[endless.index(b"Content-Type: multipart"):]
    # A dry run would stop it (encrypted); the gateway refused it for another reason, which has no code.
    encrypted = unknown.replace(b"Content-Type: application/pdf", b"Content-Type: application/pkcs7-mime")
    code, [held, refused], story = demo_of(tmp_path, held=endless, refused=encrypted)
    assert code != 0
    assert (held["decision"], held["codes"], held["relayed"]) == ("hold", ["ambiguous"], False), story
    assert held["files"][0]["sha256_sent"] == mails.sha(b"the file") and not held["files"][0]["sha256_downloaded"]
    assert "held (ambiguous): its sender was told" in story and held["seconds"] < 45, story
    assert (refused["decision"], refused["codes"]) == ("stop", []) and "refused: 550" in story, story


# spec: section 7 (demo without --once)
@pytest.mark.parametrize("given", [None, (PLAIN, HTML), (HTML, PLAIN)])
def test_the_demo_stays_and_shows_the_recipients_mailbox(tmp_path, given):
    before = set(pathlib.Path(tempfile.gettempdir()).glob("fubako-demo-*"))
    arguments = []
    if given:
        (tmp_path / "mail.eml").write_bytes(one_file(*given))
        arguments = ["--mail", tmp_path / "mail.eml"]
    demo = harness.Process([harness.BINARY, "demo", *arguments], tmp_path / "out")
    try:
        said = lambda: (tmp_path / "out").read_text()
        address = harness.wait_for("the mailbox", lambda: re.search(r"mailbox\s+(http://127\.0\.0\.1:\d+/)", said()))[1]
        password = harness.wait_for("the password", lambda: re.search(r"its file password\s+(\S+)", said()))[1]
        link = re.search(r"the download page\s+(\S+)", said())[1]
        pages = {"/": ""}
        for _ in range(3):      # the list, each mail, each mail's body
            for page in [p for p, text in pages.items() if not text]:
                pages[page] = urllib.request.urlopen(address + page[1:], timeout=10).read().decode()
                pages |= {p: "" for p in re.findall(r'(?:src|href)="(/mails/[^"]+)"', pages[page]) if p not in pages}
        everything = html.unescape("".join(pages.values()))
        assert link in everything and everything.count(password) == 1, pages.keys()
        # Every body is shown, in its order.
        shown = [p for p, text in pages.items() if p != "/" and "bodies" not in p and password in html.unescape(text + "".join(
            pages[body] for body in re.findall(r'src="(/mails/[^"]+)"', text)))]
        [page] = shown
        marks = [mark for mark in re.findall(r'class="text"|<iframe', pages[page])]
        assert marks == {None: ["<iframe"], (PLAIN, HTML): ['class="text"', "<iframe"], (HTML, PLAIN): ["<iframe", 'class="text"']}[given]
        assert not given or ("本文です。" in everything and "署名です。" in everything)
        assert urllib.request.urlopen(link, timeout=10).status == 200
        # Whoever tries it out becomes the operator by a link.
        door = re.search(r"become the operator\s+(\S+)", said())[1]
        operator = harness.Visitor(door.split("/invitation/")[0])
        operator.send("/invitation/" + door.rsplit("/", 1)[1], password="correct horse battery", again="correct horse battery")
        operator.send("/sign-in", name="operator", password="correct horse battery")
        assert "/operator/maintenance" in operator.page("/me")
    finally:
        code = demo.stop(how=signal.SIGINT)
    assert code == 0, said()
    assert set(pathlib.Path(tempfile.gettempdir()).glob("fubako-demo-*")) <= before, "it leaves its folder"


# spec: section 7 (demo)
@pytest.mark.parametrize("after", [0.02, 0.05, 0.1, 0.2, 0.5])
def test_the_demo_leaves_nothing_when_it_is_interrupted(tmp_path, after):
    demo = harness.Process([harness.BINARY, "demo", "--once"], tmp_path / "out", env={"TMPDIR": str(tmp_path)})
    time.sleep(after)
    demo.stop(how=signal.SIGINT)
    assert not list(tmp_path.glob("fubako-demo-*")), "it leaves its folder"


def test_inspect_says_what_would_be_done_and_touches_nothing(folder):
    box = folder / "inspected"
    (box / "below").mkdir(parents=True)
    whole, files = mails.everything()
    (box / "a.eml").write_bytes(whole)
    (box / "below" / "b.eml").write_bytes(whole.replace(b"\r\n", b"\n"))
    (box / "empty").write_bytes(b"")
    (box / "noise").write_bytes(os.urandom(5000))
    (box / "too-long-a-tag.eml").write_bytes(mails.multipart(mails.head(b"tag"), [
        (b"Content-Type: text/html\r\n", b"<a " + b"x" * (5 << 20) + b">"), mails.attachment(b"Content-Type: a/b\r\n", b"x")]))
    out = folder / "rewritten"
    done = run("inspect", box, "--json", "--rewrite", out, cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = {line["file"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert set(lines) == {"a.eml", "below/b.eml", "empty", "noise", "too-long-a-tag.eml"}
    assert set(lines["a.eml"]) == {"file", "decision", "codes", "attachments", "bodies"}
    assert {a["name"]: a["sha256"] for a in lines["a.eml"]["attachments"]} == files
    assert lines["too-long-a-tag.eml"]["decision"] == "hold"
    assert (out / "a.eml").exists() and (out / "below/b.eml").exists() and not (out / "too-long-a-tag.eml").exists()
    again = {line["file"]: line for line in map(json.loads, run("inspect", out, "--json", cwd=folder).stdout.splitlines())}
    assert not again["a.eml"]["attachments"]
    # What cannot be written is held, whether anybody wants to see it written or not.
    looked = {line["file"]: line for line in map(json.loads, run("inspect", box, "--json", cwd=folder).stdout.splitlines())}
    assert looked == lines
    assert not (folder / "var").exists()


def nasty_mails():
    """Mails just below the size limit (RCV-SIZE), each hard to read or to write afresh in its own way."""
    size = 38 << 20
    fill = lambda unit: unit * (size // len(unit))
    bases = b"".join(b'<base href="http://h%d.example/d/">' % n for n in range(8))
    picture = b"Content-Type: image/png; name=p.png\r\nContent-Location: http://x.example/d/p.png\r\nContent-ID: <p@x>\r\n"
    for name, charset, body in [
        # References that are to be resolved from eight bases: such as cannot be the picture, as may be, as say a host.
        ("references", b"utf-8", bases + fill(b"<a href=y1>\r\n")),
        ("alike", b"utf-8", bases + fill(b"<a href=../d/q/../png>\r\n")),
        ("hosts", b"utf-8", bases + fill(b"<a href=//y1>\r\n")),
        ("deep", b"utf-8", b"<div>" * 1000 + fill(b"<p>a line of text</p>\r\n")),
        # Read in three ways: as the mark says, as the label says, and as browsers know the label.
        ("readings", b"iso-2022-jp", b"\xef\xbb\xbf" + fill(b"<a href=y1>\x1b$B$\"\x1b(B</a>\r\n")),
    ]:
        html = b"Content-Type: text/html; charset=" + charset + b"\r\n"
        yield name, mails.multipart(mails.head(name.encode()), [(html, body), mails.attachment(picture, b"ABC")])
    # Each line is looked for in a long field, in which it stands wherever it is looked for.
    text = b"Content-Type: text/plain; a=" + b"a" * 900 + b"\r\n"
    yield "delimiters", mails.multipart(mails.head(b"delimiters"), [(text, fill(b"--a\r\n")), mails.attachment(picture, b"ABC")])


# Runs a command, and says after it what it used: the processor's seconds, and MiB of memory at most. In a process of its
# own, since a child's peak is at least its parent's where it was forked.
MEASURE = """import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(code)"""


# spec: section 7 (inspect: never more than 30 s or 256 MiB for a mail), RCV-SIZE
def test_inspect_keeps_its_limits(tmp_path):
    for name, mail in nasty_mails():
        path, out = tmp_path / f"{name}.eml", tmp_path / "out"
        path.write_bytes(mail)
        assert 38 << 20 < len(mail) < 40 << 20
        done = subprocess.run([sys.executable, "-c", MEASURE, *map(str, (harness.BINARY, "inspect", path.name, "--json", "--rewrite", out))],
                              capture_output=True, text=True, timeout=120, cwd=tmp_path)
        said, _, used = done.stdout.rstrip().rpartition("\n")
        seconds, peak = map(float, used.split())
        print(f"\n{name}: {seconds:.1f} s, {peak:.0f} MiB")
        assert done.returncode == 0, (name, done.stderr[:500])
        assert json.loads(said)["decision"] == "deposit", name
        assert (out / f"{name}.eml").exists()
        # The processor's time: what else the machine does at the moment is not the mail's.
        assert seconds < 30 and peak < 256, (name, seconds, peak)
        path.unlink()
        (out / f"{name}.eml").unlink()


# spec: section 7 (inspect: touching nothing)
def test_inspect_overwrites_no_mail(tmp_path):
    mail, _ = mails.everything()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.eml").write_bytes(mail)
    for paths, out in (["one", "two"], "out"), (["one"], "one"), (["one/a.eml"], "."):
        done = run("inspect", *paths, "--json", "--rewrite", out, cwd=tmp_path)
        assert done.returncode != 0 and not done.stdout and "a.eml" in done.stderr, (paths, out, done)
    assert (tmp_path / "one" / "a.eml").read_bytes() == mail and not (tmp_path / "out").exists()


def test_looking_makes_no_installation(tmp_path):
    for command in (["queue", "list"], ["inspect", "--section", "acme", __file__]):
        done = run(*command, cwd=tmp_path)
        assert done.returncode != 0 and "no installation" in done.stderr
    assert not list(tmp_path.iterdir())


def test_apply_twice_changes_nothing(folder):
    fubako = harness.Fubako(folder / "applied", declaration=harness.SECTION + '\n[[section.group]]\nname = "営業部"\n'
                            '[[section.user]]\nlogin_id = "tanaka"\naddress = "tanaka@acme.example"\ngroup = "営業部"\n')
    assert "+ section acme" in fubako.applied and "+ user tanaka" in fubako.applied and "warning" not in fubako.applied
    second = fubako.run("apply", fubako.declaration).stdout
    assert second.startswith("Nothing to change.")
    fubako.declaration.write_text(fubako.declaration.read_text().replace("アクメ商事", "アクメ工業"))
    dry = fubako.run("apply", fubako.declaration, "--dry-run").stdout
    assert "アクメ商事" in dry and "アクメ工業" in dry
    assert fubako.run("apply", fubako.declaration, "--dry-run").stdout == dry, "a dry run changes nothing"
    fubako.declaration.write_text(harness.SECTION)
    fubako.run("apply", fubako.declaration)
    pruned = fubako.run("apply", fubako.declaration, "--prune").stdout
    assert "- user tanaka" in pruned and "- group 営業部" in pruned and "warning" not in pruned
    # A section whose mail would be stopped is warned of (MAIL-SENDER), every time.
    fubako.declaration.write_text(harness.SECTION.replace("default_user = true", ""))
    for _ in range(2):
        assert "warning: section acme has no default user" in fubako.run("apply", fubako.declaration).stdout
    bad = fubako.folder / "bad.toml"
    bad.write_text('[[section]]\nid = "x"\nname = "x"\ncolour = 1\n')
    done = fubako.run("apply", bad, check=False)
    assert done.returncode != 0 and "colour" in done.stderr


# spec: section 7 (apply --dry-run), RCV-TENANT, MAIL-SENDER
def test_a_dry_run_refuses_what_the_real_one_refuses(folder):
    fubako = harness.Fubako(folder / "dry")
    other = '[[section]]\nid = "other"\nname = "other"\nmail_link = true\ndomains = ["%s"]\n'
    again = '\n[[section.user]]\nlogin_id = "again"\naddress = "Mail-Link@Acme.Example"\n'
    before = harness.SECTION[: harness.SECTION.index("[[section.user]]")]
    for bad, part in [(other % "acme.example", "acme.example belongs to another section"), (before + again, "Mail-Link@acme.example"),
                      (other % "*.acme.example", "not a domain")]:
        fubako.declaration.write_text(bad)
        dry, real = (fubako.run("apply", fubako.declaration, *more, check=False) for more in (["--dry-run"], []))
        assert dry.returncode == real.returncode == 1 and part in dry.stderr and not dry.stdout, (bad, dry)
        assert (dry.stdout, dry.stderr) == (real.stdout, real.stderr)
    # Where the other goes in the same call, the address is free.
    fubako.declaration.write_text(before + again)
    for more in (["--dry-run"], []):
        assert "+ user again" in fubako.run("apply", fubako.declaration, "--prune", *more).stdout
    assert not fubako.run("apply", fubako.declaration, "--prune").stdout.startswith("+")


@pytest.mark.parametrize("environment, part", [
    ({"FUBAKO_HTTP__LISSEN": "x"}, "lissen"), ({"FUBAKO_RELAY__PORT": "many"}, "port"), ({"FUBAKO_KEYS__MASTER": "abc"}, "keys.master"),
])
def test_a_configuration_that_cannot_be_used_says_which_key(tmp_path, environment, part):
    done = run("serve", env={"FUBAKO_DATA_DIR": str(tmp_path / "var"), "FUBAKO_HTTP__LISTEN": "127.0.0.1:0", "FUBAKO_SMTP__STARTTLS__LISTEN": "",
                             "FUBAKO_SMTP__TLS__LISTEN": "", **environment}, cwd=tmp_path, timeout=30)
    assert done.returncode != 0 and part in done.stderr.lower(), done.stderr


# spec: MAIL-RELAY X-AUDIT
def test_the_queue_is_shown_and_stopped(folder):
    dead = harness.free_port()
    fubako = harness.Fubako(folder / "queued", {"relay": {"smarthost": f"127.0.0.1:{dead}"}}).start()
    try:
        import smtplib
        with smtplib.SMTP("127.0.0.1", fubako.starttls) as smtp:
            smtp.starttls()
            smtp.sendmail("tanaka@acme.example", ["suzuki@recipient.example"], mails.head(b"waits") + b"\r\nhello\r\n")
        [row] = harness.wait_for("a row with a reason", lambda: [r for r in fubako.queue() if r["reason"]])
        shown = json.loads(fubako.run("queue", "show", row["id"], "--json").stdout)
        assert shown["to"] == ["suzuki@recipient.example"] and shown["attempts"] >= 1
        assert row["id"] in fubako.run("queue", "list").stdout
        fubako.run("queue", "retry", row["id"])
        time.sleep(1)
        harness.wait_for("it can be stopped", lambda: fubako.run("queue", "stop", row["id"], check=False).returncode == 0)
        harness.wait_for("the queue is empty", lambda: not fubako.queue())
        assert fubako.run("queue", "show", "nothing", check=False).returncode != 0
        with contextlib.closing(sqlite3.connect(fubako.data / "fubako.db", timeout=30)) as database:
            lines = database.execute("SELECT section, event, actor_kind, object FROM audit_lines WHERE event LIKE 'mail-%' ORDER BY number").fetchall()
        assert lines[0] == ("acme", "mail-retried", "command", row["id"]) and lines[-1] == ("acme", "mail-stopped", "command", row["id"]), lines
    finally:
        fubako.stop()
