"""Attack mails: what is decided, and that foreign readers find nothing of the planted file in what leaves (MAIL-AMBIGUOUS)."""
import base64
import binascii
import collections
import email
import email.policy
import json
import os
import quopri
import re
import subprocess

import pytest

import attacks
import harness

# Texts that stay with every word of them, the planted file's among them: no reader makes a file of it, which the other tests say.
TEXTS = {f"{name} in a {kind}text" for name in attacks.WORDS_ONLY for kind in ("", "base64 ")} | {a.name for a in attacks.texts_some_take_for_mails()}
# What readers call a text that is no file (munpack does so with HTML).
TEXT_NAME = re.compile(r"msg-[0-9-]+\.(txt|html)$|textfile\d+$|tempdesc\.txt$|part\d+$")
# Reading by Perl: every part's decoded body into a folder for the mail; its names to the standard output.
PERL = r"""
use MIME::Parser;
my ($mails, $out) = @ARGV;
sub names { my ($e) = @_; my $n = $e->head->recommended_filename; (defined $n ? $n : (), map { names($_) } $e->parts) }
opendir(my $d, $mails); my @files = sort grep { /\.eml$/ } readdir $d;
for my $f (@files) {
    my $folder = "$out/$f"; mkdir $folder;
    my $p = MIME::Parser->new; $p->output_dir($folder); $p->extract_uuencode(1); $p->extract_nested_messages(1);
    my $e = eval { $p->parse_open("$mails/$f") };
    print "$f\t", ($e ? "read" : "unread"), "\t", join("|", $e ? map { s/[\t\n\r|]/_/gr } names($e) : ()), "\n";
}
"""
# (munpack keeps the parts of a file that comes in several mails: each mail has a folder of its own for these.)
SHELL = 'cd "$1" && for f in *.eml; do mkdir "$2/$f" "$3/$f" "$4/$f"; ripmime -i "$f" -d "$2/$f"; TMPDIR="$4/$f" munpack -f -q -C "$3/$f" "$PWD/$f"; done'
SIZE = 6


def windows(octets):
    return {octets[i:i + SIZE] for i in range(0, len(octets) - SIZE + 1, SIZE)}


def base64_forms(alphabet=None):
    """What base64 of the file looks like, whatever stands before it."""
    for shift in range(3):
        form = base64.b64encode(harness.EICAR[shift:-3]).rstrip(b"=")[:-1]
        yield from windows(form.translate(alphabet) if alphabet else form)


def uu_forms():
    for shift in range(3):
        yield from windows(binascii.b2a_uu(harness.EICAR[shift:shift + 45])[1:-3])


# Every run of 2 * SIZE of the file's octets, in any form, has one of these in it.
FORMS = sorted({form for forms in (windows(harness.EICAR), base64_forms(), base64_forms(attacks.HQX), base64_forms(attacks.XX),
                                   uu_forms(), windows(attacks.yenc())) for form in forms})


def found_raw(octets):
    """The planted file in the octets themselves, in any of its forms."""
    joined = re.sub(rb"[\s\0]", b"", octets)
    seen = {octets, joined, quopri.decodestring(octets) if b"=" in octets else b""}
    return any(form in text for text in seen for form in FORMS)


def python_reads(octets, policy):
    """Every part's content and every file name, as Python's email has them."""
    contents, names = [], []
    for part in email.message_from_bytes(octets, policy=policy).walk():
        name = part.get_filename()
        names += [] if name is None else [name]
        body = part.get_payload(decode=True) if not part.is_multipart() else None
        contents += [body or b"", *(str(text).encode("utf-8", "surrogateescape") for text in (part.preamble, part.epilogue) if text)]
        if body and part.get_content_maintype() == "text":
            charset = part.get_content_charset() or "utf-8"
            try:
                contents.append(body.decode(charset, "replace").encode("utf-8", "replace"))
            except LookupError:
                pass
    return contents, names


def inspect(mails, out):
    done = subprocess.run([str(harness.BINARY), "inspect", str(mails), "--json", "--rewrite", str(out)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return {line["file"]: line for line in map(json.loads, done.stdout.strip().split("\n"))}


def contents(folder):
    """The mails' names, each with (name, octets) of what was extracted from it."""
    found = collections.defaultdict(list)
    for path in folder.rglob("*"):
        if path.is_file():
            found[path.relative_to(folder).parts[0]].append((path.name, path.read_bytes()))
    return found


class Run:
    """All mails through `inspect` once, and what leaves through each foreign reader."""

    def __init__(self, folder, mails=()):
        self.attacks = {f"{i:04}.eml": a for i, a in enumerate(mails or [*attacks.LEGITIMATE, *attacks.all_attacks()])}
        mails, self.out = folder / "mails", folder / "out"
        mails.mkdir()
        for file, attack in self.attacks.items():
            (mails / file).write_bytes(attack.mail)
        self.lines = inspect(mails, self.out)
        self.left = {p.name: p.read_bytes() for p in sorted(self.out.iterdir())}
        self.names = collections.defaultdict(list)
        self.found = {"raw": {f: [("mail", o)] for f, o in self.left.items()}}
        for name, policy in (("email.default", email.policy.default), ("email.compat32", email.policy.compat32)):
            self.python(name, policy)
        self.perl(folder)
        self.rippers(folder)

    def python(self, reader, policy):
        self.found[reader] = {}
        for file, octets in self.left.items():
            bodies, names = python_reads(octets, policy)
            self.found[reader][file] = [("part", body) for body in bodies]
            self.names[file] += [(reader, n) for n in names]

    def perl(self, folder):
        out = folder / "perl"
        out.mkdir()
        done = subprocess.run(["perl", "-e", PERL, str(self.out), str(out)], capture_output=True, text=True, errors="replace", timeout=120)
        rows = [row.split("\t") for row in done.stdout.splitlines()]
        self.perl_read = {file for file, state, _ in rows if state == "read"}
        for file, _, names in rows:
            self.names[file] += [("perl", n) for n in names.split("|") if n]
        self.found["perl"] = contents(out)

    def rippers(self, folder):
        """A mail as it leaves, and with LF for CRLF, as it is kept on many a system."""
        self.found["ripmime"], self.found["munpack"] = collections.defaultdict(list), collections.defaultdict(list)
        unix = folder / "unix"
        unix.mkdir()
        for name, octets in self.left.items():
            (unix / name).write_bytes(octets.replace(b"\r\n", b"\n"))
        for mails, kind in ((self.out, ""), (unix, "-unix")):
            rip, mun, kept = (folder / (name + kind) for name in ("ripmime", "munpack", "munpack-kept"))
            rip.mkdir(), mun.mkdir(), kept.mkdir()
            subprocess.run(["sh", "-c", SHELL, "sh", str(mails), str(rip), str(mun), str(kept)], capture_output=True, timeout=600)
            for reader, out in (("ripmime", rip), ("munpack", mun)):
                for name, found in contents(out).items():
                    self.found[reader][name] += found

    def extracted(self, file):
        """The files that readers make of a mail, beside its texts."""
        found = [(reader, name) for reader in ("perl", "ripmime", "munpack") for name, _ in self.found[reader].get(file, [])
                 if not TEXT_NAME.match(name)]
        return found + self.names[file]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("attacks"))


def verdicts(run):
    """The attack, and what was decided, of each mail."""
    return [(attack, run.lines[file]["decision"]) for file, attack in run.attacks.items()]


# spec: MAIL-AMBIGUOUS
def test_each_attack_has_a_decision(run):
    assert len(run.attacks) >= 400 and set(run.lines) == set(run.attacks)
    assert {line["decision"] for line in run.lines.values()} == {"relay", "deposit", "stop", "hold"}
    leaving = {file for file, line in run.lines.items() if line["decision"] in ("relay", "deposit")}
    assert set(run.left) == leaving


# spec: MAIL-AMBIGUOUS, MAIL-EXTRACT, 3.4, 3.4a
def test_the_decision_is_the_one_of_the_spec(run):
    expected = [(a, d) for a, d in verdicts(run) if a.expected]
    assert len(expected) >= 150
    wrong = {a.name: f"{d}, not {a.expected}" for a, d in expected if d != a.expected}
    assert not wrong, json.dumps(wrong, indent=1)


def test_legitimate_mails_go_through(run):
    """Their files are deposited as they are: the test can fail the other way."""
    for file, attack in list(run.attacks.items())[:len(attacks.LEGITIMATE)]:
        line = run.lines[file]
        assert line["decision"] == attack.expected, attack.name
        hashes = {a["sha256"] for a in line["attachments"]}
        assert bool(hashes) == (attack.expected == "deposit"), attack.name


# spec: MAIL-NONE
def test_ordinary_mails_without_files_leave_as_they_came(run):
    relayed = [(file, attack) for file, attack in list(run.attacks.items())[:len(attacks.LEGITIMATE)] if attack.expected == "relay"]
    assert len(relayed) > 10
    for file, attack in relayed:
        assert run.left[file].endswith(attack.mail), attack.name


# spec: MAIL-AMBIGUOUS
@pytest.mark.parametrize("reader", ["raw", "email.default", "email.compat32", "perl", "ripmime", "munpack"])
def test_no_reader_finds_the_planted_file_in_what_leaves(run, reader):
    found = run.found[reader]
    assert len(found) >= len(run.left) // 2 or reader == "munpack", "the reader reads"
    bad = {run.attacks[f].name: [n for n, octets in files if found_raw(octets)] for f, files in found.items()}
    bad = {name: hits for name, hits in bad.items() if hits and name not in TEXTS}
    assert not bad, json.dumps(bad, indent=1)


# spec: MAIL-AMBIGUOUS
def test_no_reader_makes_a_file_of_what_leaves(run):
    assert run.perl_read == set(run.left)
    bad = {run.attacks[f].name: run.extracted(f) for f in run.left if run.extracted(f)}
    assert not bad, json.dumps(bad, indent=1)


# spec: MAIL-AMBIGUOUS
@pytest.mark.parametrize("family, count", [(attacks.fields_without_a_name, 135), (attacks.fields_with_long_names, 264), (attacks.long_boundaries, 312)])
def test_a_text_in_a_part_that_munpack_cannot_read_is_no_file(run, family, count):
    names = {attack.name for attack in family()}
    files = [file for file, attack in run.attacks.items() if attack.name in names]
    assert len(files) == len(names) == count and set(files) <= set(run.left)
    bad = {run.attacks[file].name: [name for name, _ in run.found["munpack"].get(file, []) if name.startswith("part")] for file in files}
    bad = {name: found for name, found in bad.items() if found}
    assert not bad, json.dumps(bad, indent=1)


# spec: MAIL-AMBIGUOUS (other seeds: FUBAKO_TEST_SEED)
@pytest.mark.parametrize("seed", [int(os.environ.get("FUBAKO_TEST_SEED", 1)) + n for n in range(2)])
def test_no_reader_makes_a_file_of_what_leaves_of_a_changed_mail(tmp_path, seed):
    run = Run(tmp_path, list(attacks.mutated(seed, 1500)))
    assert len(run.left) > 100
    bad = {run.attacks[f].name: (run.attacks[f].mail.decode("latin-1"), run.extracted(f)) for f in run.left if run.extracted(f)}
    assert not bad, json.dumps(bad, indent=1)


def test_the_readers_find_the_file_where_it_is(tmp_path):
    """Put to what came in, each reader finds it: none is blind."""
    plain = tmp_path / "0000.eml"
    plain.write_bytes(attacks.LEGITIMATE[0].mail)
    run = Run.__new__(Run)
    run.out, run.left, run.names, run.found = tmp_path, {"0000.eml": plain.read_bytes()}, collections.defaultdict(list), {}
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run.python("email.default", email.policy.default)
    run.python("email.compat32", email.policy.compat32)
    run.perl(scratch)
    run.rippers(scratch)
    for reader, found in run.found.items():
        assert any(harness.EICAR in octets for _, octets in found["0000.eml"]), reader
    for form in (attacks.uu(), attacks.yenc_file(), attacks.binhex(), attacks.HEX, attacks.BODY):
        assert found_raw(form), form
