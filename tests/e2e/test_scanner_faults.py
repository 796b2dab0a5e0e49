"""200 mails, 20 of them infected, while clamd is stopped, hangs, is killed in mid-scan, talks nonsense and is reloaded: nothing
that was not scanned reaches anybody, and everything that is clean does, once."""
import collections
import concurrent.futures
import contextlib
import dataclasses
import email.message
import email.policy
import hashlib
import http.client
import os
import pathlib
import re
import signal
import smtplib
import socket
import sqlite3
import struct
import threading
import time
import urllib.parse

import pytest

import harness
import mails
from test_path import password_in

FROM = "tanaka@acme.example"
TO = [f"r{n}@recipient.example" for n in range(4)]
EVERY = 40                                                     # mails of each fault


class Between:
    """Stands before clamd on a socket of its own, and keeps account of every file that was sent through and of what clamd said
    of it, before anybody else hears it. Told to, it holds files in mid-stream, or answers nonsense in clamd's place."""

    # What no clamd says, and what may not be taken for a verdict; None: it hangs up in mid-stream.
    NONSENSE = [
        None, b"", b"\0", b"stream: O", b"stream: OK", b"stream: OK FOUN", b"PONG\0", b"OK\0", b"stream: ok\0", b"\xff\xfe" * 5000,
        b"stream: Can't allocate memory ERROR\0", b"COMMAND READ TIMED OUT\0", b"HTTP/1.1 502 Bad Gateway\r\n\r\n\0",
    ]

    def __init__(self, path, clamd):
        self.path, self.clamd = path, clamd
        self.said = []                                         # (SHA-256, what clamd said), in order
        self.counts = collections.Counter()                    # of files under way, held, answered nonsense
        self.lock = threading.Lock()
        self.mode = None
        self.go_on = threading.Event()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen(200)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.server.accept()[0],), daemon=True).start()

    def count(self, what, by=1):
        with self.lock:
            self.counts[what] += by
            return self.counts[what]

    def serve(self, peer):
        self.count("under way")
        try:
            with peer, socket.socket(socket.AF_UNIX) as clamd, contextlib.suppress(OSError, EOFError):
                peer.settimeout(120)
                if self.mode == "nonsense":
                    return self.talk_nonsense(peer)
                clamd.connect(str(self.clamd))
                clamd.settimeout(120)
                self.pass_on(peer, clamd)
        finally:
            self.count("under way", -1)

    def pass_on(self, peer, clamd):
        digest = hashlib.sha256()
        for number, octets in enumerate(stream_from(peer)):
            if number == 1 and self.mode == "hold":
                clamd.sendall(octets[: len(octets) // 2])
                self.count("held")
                self.go_on.wait(60)
                octets = octets[len(octets) // 2 :]
                digest.update(octets)                          # whatever comes of it, it is no file's digest
            clamd.sendall(octets)
            digest.update(octets[4:] if number else b"")
        answer = b""
        while not answer.endswith(b"\0"):
            more = clamd.recv(4096)
            if not more:
                return
            answer += more
        self.said.append((digest.hexdigest(), answer.rstrip(b"\0").decode()))
        peer.sendall(answer)

    def talk_nonsense(self, peer):
        answer = self.NONSENSE[self.count("nonsense") % len(self.NONSENSE)]
        octets = stream_from(peer)
        if answer is None:
            next(octets), next(octets)
            return
        for _ in octets:
            pass
        peer.sendall(answer)

    def clean(self, sha):
        """How often clamd has looked through a whole file and found nothing in it."""
        return self.said.count((sha, "stream: OK"))

    def stop(self):
        self.go_on.set()
        self.server.close()


def stream_from(peer):
    """The command, then each chunk with its length before it, the empty one at the end included."""
    with peer.makefile("rb") as source:
        command = source.read(10)
        if command != b"zINSTREAM\0":
            raise EOFError
        yield command
        while True:
            length = source.read(4)
            if len(length) < 4:
                raise EOFError
            [size] = struct.unpack(">I", length)
            octets = source.read(size)
            if len(octets) < size:
                raise EOFError
            yield length + octets
            if not size:
                return


@dataclasses.dataclass
class Sent:
    """A mail that the gateway answered 250, as its sender knows it."""
    subject: str
    message_id: str
    to: list
    files: dict                                                # name: octets
    infected: str | None                                       # the name of the file that is

    @property
    def digests(self):
        return {name: mails.sha(octets) for name, octets in self.files.items()}


@dataclasses.dataclass
class Arrived:
    """A mail in somebody's mailbox."""
    to: str
    message_id: str
    subject: str
    mail: email.message.EmailMessage


class World:
    """Fubako with clamd, or what is to be taken for it, at `place`; the senders, and the recipients' mail server."""

    def __init__(self, folder):
        folder.mkdir()
        folder.chmod(0o755)
        self.sent = []
        self.read = {}                                         # the mails that have arrived, by file
        self.lock = threading.Lock()
        with contextlib.ExitStack() as parts:
            self.clamd = harness.Clamd(folder / "clamd")
            parts.callback(self.clamd.stop)
            self.clamd.start()
            self.between = Between(folder / "between.sock", self.clamd.socket)
            parts.callback(self.between.stop)
            self.place = folder / "place.sock"
            self.put_in_place(self.between.path)
            self.mailboxes = harness.Mailboxes(folder, [FROM, *TO], name="faults").start()
            parts.callback(self.mailboxes.stop)
            self.fubako = harness.Fubako(folder / "fubako", {
                "relay": {"smarthost": f"127.0.0.1:{self.mailboxes.port}"}, "scanner": {"clamd": f"unix:{self.place}"}})
            parts.callback(self.fubako.stop)
            self.fubako.start()
            self.stop = parts.pop_all().close

    def put_in_place(self, path):
        new = self.place.with_suffix(".new")
        new.symlink_to(path)
        new.rename(self.place)

    def mail(self, subject, number):
        """The numbers decide what it is like: in ten, one is infected, one has two files, one has two recipients."""
        kind = number % 10
        files = {f"f{number}.bin": os.urandom([3_000, 20_000, 90_000, 400_000][number % 4])}
        if kind in (3, 7) and number % 20 < 10:
            files[f"g{number}.bin"] = os.urandom(5_000)
        infected = None
        if kind == 7:
            infected = f"report{number}.com"
            # Bare, and in an archive beside a file that nobody knows.
            files[infected] = harness.EICAR if number % 20 < 10 else mails.zipped({"a.txt": os.urandom(2_000), "b.com": harness.EICAR})
        to = [TO[number % 4]] + ([TO[(number + 1) % 4]] if kind == 5 else [])
        text = mails.multipart(mails.head(subject.encode(), to=", ".join(to).encode()), [
            (b"Content-Type: text/plain; charset=UTF-8\r\n", b"see the file"),
            *(mails.attachment(b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="'
                               + name.encode() + b'"\r\n', octets) for name, octets in files.items())])
        return text, Sent(subject, re.search(rb"Message-ID: (\S+)", text)[1].decode(), to, files, infected)

    def send(self, what, count=EVERY):
        """Sends mails over several connections; each is in the ledger once it was answered 250."""
        def some(numbers):
            with smtplib.SMTP("127.0.0.1", self.fubako.starttls, timeout=60) as smtp:
                smtp.starttls()
                for number in numbers:
                    text, sent = self.mail(f"{what} {number}", number)
                    assert smtp.sendmail(FROM, sent.to, text) == {}
                    mine.append(sent)

        mine = []
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(some, [range(first, count, 4) for first in range(4)]))
        self.sent += mine
        return mine

    def arrived(self, address):
        """What the recipients' server has for an address."""
        box = self.mailboxes.folder / "mail" / address / "new"
        with self.lock:
            for path in box.iterdir() if box.is_dir() else []:
                if path not in self.read:
                    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                    self.read[path] = Arrived(address, str(mail["message-id"]), str(mail["subject"]), mail)
            return [mail for mail in self.read.values() if mail.to == address]

    def came(self, sent):
        """The relayed mails and the deposit notices that have come of a mail."""
        there = [mail for to in TO for mail in self.arrived(to)]
        relayed = [mail for mail in there if mail.message_id == sent.message_id]
        notices = [mail for mail in there if mail.subject == f"[Fubako] {sent.subject}"]
        return relayed, notices

    def all_tried(self, batch):
        """Every mail of it has been tried and waits; none has gone on."""
        def waiting():
            rows = self.fubako.queue()
            assert {row["state"] for row in rows} <= {"received"}, rows
            return len(rows) >= len(batch) and all(row["attempts"] for row in rows)
        harness.wait_for("each mail was tried", waiting, every=0.3)
        self.nothing_came(batch)

    def nothing_came(self, batch):
        for sent in batch:
            assert self.came(sent) == ([], []), sent.subject
        self.nothing_unscanned_came()

    def nothing_unscanned_came(self):
        known = {sent.subject: sent for sent in self.sent}
        for address in TO:
            for mail in self.arrived(address):
                sent = known[mail.subject.removeprefix("[Fubako] ")]
                assert not sent.infected and all(self.between.clean(sha) for sha in sent.digests.values()), sent.subject

    def all_over(self, batch):
        """Nothing of it is in hand any more."""
        due = sum(2 * len(sent.to) for sent in self.sent if not sent.infected)
        harness.wait_for("everything has come", lambda: sum(len(self.arrived(to)) for to in TO) >= due, every=0.3)
        harness.wait_for("nothing is in hand", lambda: not self.fubako.queue(), every=0.3)


class Recipient:
    """Somebody with a link and the file password, over HTTP."""

    def __init__(self, world, relayed, notice):
        link = harness.link_in(notice.mail)
        self.port, self.path, self.cookie = world.fubako.http, link[link.index("/d/"):], ""
        form = urllib.parse.urlencode({"password": password_in(relayed.mail)})
        status, headers, _ = self.ask("POST", self.path + "/open", form)
        assert status == 303, status
        self.cookie = headers["set-cookie"].split(";")[0]

    def ask(self, method, path, body=None, seconds=60, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            if body:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, body, {"Cookie": self.cookie, **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def files(self):
        """Name and digest of every file on the page, downloaded."""
        status, _, page = self.ask("GET", self.path)
        assert status == 200
        found = {}
        for number in sorted(set(re.findall(r"/files/(\d+)", page.decode()))):
            status, headers, octets = self.ask("GET", f"{self.path}/files/{number}")
            assert status == 200, status
            found[re.search(r'filename="([^"]+)"', headers["content-disposition"])[1]] = mails.sha(octets)
        return found

    def gets_nothing(self):
        """However it asks for the file: to come again later."""
        for method, path, headers in (
            ("GET", "/files/1", {}), ("GET", "/files/1", {"Range": "bytes=0-9"}), ("HEAD", "/files/1", {}), ("GET", "/all.zip", {}),
        ):
            status, answer, _ = self.ask(method, self.path + path, **headers)
            assert status == 503 and answer["retry-after"] and not answer["content-disposition"], (method, path, headers, status)

    def waits(self):
        """It is answered nothing at all while nobody says that the file is clean."""
        for path in ("/files/1", "/all.zip"):
            with pytest.raises(TimeoutError):
                self.ask("GET", self.path + path, seconds=1)


@pytest.fixture(scope="module")
def world(folder):
    world = World(folder / "scanner-faults")
    yield world
    world.stop()


def recipients_of(world, sent):
    """Everybody to whom a mail and its notice came; each of the two once."""
    relayed, notices = ({mail.to: mail for mail in came} for came in world.came(sent))
    assert sorted(relayed) == sorted(notices) == sorted(sent.to) and sum(map(len, world.came(sent))) == 2 * len(sent.to), sent.subject
    return [Recipient(world, relayed[to], notices[to]) for to in sent.to]


def stopped(world, earlier):
    world.clamd.stop()
    world.put_in_place(world.clamd.socket)
    batch = world.send("stopped")
    world.all_tried(batch)
    earlier.gets_nothing()
    world.put_in_place(world.between.path)
    world.clamd.start()
    return batch


def hung(world, earlier):
    world.clamd.send_signal(signal.SIGSTOP)
    batch = world.send("hung")
    harness.wait_for("files wait in front of clamd", lambda: world.between.counts["under way"] >= 4)
    earlier.waits()
    world.nothing_came(batch)
    assert world.between.counts["under way"] >= 5, "the download waits beside them"
    world.clamd.send_signal(signal.SIGCONT)
    return batch


def killed_in_mid_scan(world, earlier):
    world.between.mode = "hold"
    batch = world.send("killed")
    harness.wait_for("files are in mid-stream", lambda: world.between.counts["held"] >= 4)
    asking = concurrent.futures.ThreadPoolExecutor(1).submit(earlier.gets_nothing)
    harness.wait_for("so is the download", lambda: world.between.counts["held"] >= 5)
    world.clamd.stop(how=signal.SIGKILL)
    world.between.go_on.set()
    asking.result()
    # What it left behind answers nobody.
    world.put_in_place(world.clamd.socket)
    world.all_tried(batch)
    earlier.gets_nothing()
    world.between.mode = None
    world.put_in_place(world.between.path)
    world.clamd.start()
    return batch


def reloaded(world):
    """Under load: what the killed one left is due meanwhile, too."""
    before, over = world.clamd.reloads(), threading.Event()

    def reload():
        while not over.wait(0.1):
            world.clamd.send_signal(signal.SIGUSR2)

    thread = threading.Thread(target=reload)
    thread.start()
    try:
        batch = world.send("reloaded")
        world.all_over(batch)
    finally:
        over.set()
        thread.join()
    assert world.clamd.reloads() >= before + 3
    return batch


def nonsense(world, earlier):
    world.between.mode = "nonsense"
    batch = world.send("nonsense")
    world.all_tried(batch)
    earlier.gets_nothing()
    assert world.between.counts["nonsense"] >= len(Between.NONSENSE)
    world.between.mode = None
    return batch


def downloaded(world, batch):
    """Everything that is clean, by everybody who was sent it, through the links and passwords of the mails that came; each mail and
    each notice once, and each file looked through on the way in and once more on the way out."""
    def one(sent):
        if sent.infected:
            assert world.came(sent) == ([], []), sent.subject
            return 0
        for recipient in recipients_of(world, sent):
            assert recipient.files() == sent.digests, sent.subject
        assert all(world.between.clean(sha) >= 2 for sha in sent.digests.values()), sent.subject
        return sum(len(sent.files) for _ in sent.to)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return sum(pool.map(one, batch))


def senders_were_told(world):
    """One notice a mail that was infected, naming the file; nothing else."""
    infected = {sent.message_id: sent for sent in world.sent if sent.infected}
    harness.wait_for("the sender is told", lambda: len(world.arrived(FROM)) >= len(infected), every=0.3)
    told = [arrived.mail for arrived in world.arrived(FROM)]
    assert sorted(mail["in-reply-to"] for mail in told) == sorted(infected)
    for mail in told:
        text = harness.bodies(mail)[0]
        assert "virus" in text and infected[mail["in-reply-to"]].infected in text
    return len(infected)


def kept(world):
    """SHA-256 of every file that the exchange has, whoever may see it."""
    [database] = pathlib.Path(world.fubako.data).glob("*.db")
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as store:
        return sorted(sha.hex() for (sha,) in store.execute("SELECT sha256 FROM files WHERE object_key IS NOT NULL"))


# spec: KEEP-VIRUS MAIL-DEPOSIT RCV-DURABLE X-RECEIVE NOTICE
def test_whatever_befalls_the_scanner_nothing_unscanned_passes_and_nothing_clean_is_lost(world):
    began = time.monotonic()
    # One deposit for each fault, made before it and not asked for until then: what is known to be clean is known for ten minutes.
    early = world.send("early", 4)
    world.all_over(early)
    earlier = iter([recipient for sent in early for recipient in recipients_of(world, sent)])

    batches = [
        stopped(world, next(earlier)),
        hung(world, next(earlier)),
    ]
    for batch in batches:
        world.all_over(batch)
    batches += [killed_in_mid_scan(world, next(earlier)), reloaded(world), nonsense(world, next(earlier))]
    # While what waits for its next try does so, the rest is fetched.
    files = downloaded(world, [*early, *(sent for batch in batches[:4] for sent in batch)])
    world.all_over(batches[4])
    files += downloaded(world, batches[4])

    faulty = [sent for batch in batches for sent in batch]
    assert len(faulty) == 200 and senders_were_told(world) == sum(bool(sent.infected) for sent in faulty) == 20
    clean = [sent for sent in world.sent if not sent.infected]
    assert kept(world) == sorted(sha for sent in clean for sha in sent.digests.values()), "the clean ones' files and no others"
    world.nothing_unscanned_came()
    assert sum(len(world.arrived(to)) for to in TO) == sum(2 * len(sent.to) for sent in clean), "nothing twice"
    print(f"\n{len(clean)} clean mails, {files} downloads, {len(world.between.said)} scans, {time.monotonic() - began:.0f} s")
