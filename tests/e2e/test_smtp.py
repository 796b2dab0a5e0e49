"""What a hostile or broken peer can do with the SMTP listeners: never two mails for one, and the next mail is taken.

Behind the gateway stands a server that takes nearly anything for the end of the data: it shows what would be smuggled through.
"""
import contextlib
import itertools
import json
import os
import re
import resource
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time

import pytest

import harness

FROM = "tanaka@acme.example"
TO = "suzuki@recipient.example"
ENVELOPE = f"MAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\n".encode()
END = b"\r\n.\r\n"
# Everything that a careless reader might take for a line end: all strings of up to three of these octets.
LINE_ENDS = [bytes(word) for length in (1, 2, 3) for word in itertools.product(b"\r\n\0", repeat=length)]
# Those that readers are known to differ about: each pair is a mail of its own.
KNOWN_ENDS = [b"\r\n", b"\n", b"\r", b"\0", b"\r\r\n", b"\n\r", b"\r\0\n", b"\r\n\0", b"\0\r\n", b"\r\n\r", b"\n\n", b"\r\r", b"\n\0", b"\r\0", b"\0\n", b"\0\r"]
# Between two line ends: what is nearly a dot alone.
NEAR_DOTS = [b"..", b". ", b" .", b".\t", b"\t.", b".\0", b"\0.", b".\x0b", b"\x0b.", b"\xef\xbc\x8e", b"\xe3\x80\x82", b"\xef\xbb\xbf.", b".\x7f", b"\x08.", b".=", b"=2E", b"\xae", b".\x1a"]
# Unicode's line ends and a terminal's, around a dot.
OTHER_ENDS = [b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\x0b", b"\x0c", b"\x1e", b"\x8d\x8a", b"\x0d\x8a", b"\x8d\x0a", b"=0D=0A", b"\\r\\n", b"\xc4\x8d\xc4\x8a"]


def variants(befores, afters=None, dots=(b".",)):
    """What is no end of the data, though it looks like one."""
    found = [before + dot + after for before in befores for dot in dots for after in afters or befores]
    return [v for v in dict.fromkeys(found) if END not in v]


# A few that stand for all where each is sent in many ways.
REPRESENTATIVE = [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\r\n\0.\r\n", b"\n\0.\0\n", b"\r\n.\0\r\n", b"\r\r\n.\r\r\n", b"\n\r.\n\r", b"\r\n..\r\n"]


class Sloppy:
    """A mail server that ends the data at anything like a dot on a line of its own, and keeps what it was sent."""

    DATA_END = re.compile(rb"(?:\A|[\r\n])\0*\.\0*(?:\r\n|[\r\n])")

    def __init__(self):
        self.mails, self.lock = [], threading.Lock()
        sloppy = self

        class Connection(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    sloppy.serve(self.request)

        socketserver.ThreadingTCPServer.request_queue_size = 64
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def serve(self, peer):
        peer.settimeout(120)
        peer.sendall(b"220 sloppy.example ESMTP\r\n")
        buffer, sender, recipients = b"", None, []
        while True:
            line, found, rest = buffer.partition(b"\n")
            if not found:
                octets = peer.recv(65536)
                if not octets:
                    return
                buffer += octets
                continue
            buffer, line = rest, line.strip(b"\r\n\0 ")
            verb = line[:4].upper()
            if verb == b"DATA":
                peer.sendall(b"354 go on\r\n")
                mail, buffer = self.data(peer, buffer)
                with self.lock:
                    self.mails.append((sender, recipients, mail))
                sender, recipients = None, []
                peer.sendall(b"250 2.0.0 taken\r\n")
            elif verb == b"EHLO":
                peer.sendall(b"250-sloppy.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n")
            elif verb == b"QUIT":
                return peer.sendall(b"221 2.0.0 bye\r\n")
            else:
                sender = line if verb == b"MAIL" else sender
                recipients = recipients + [line] if verb == b"RCPT" else recipients
                peer.sendall(b"250 2.0.0 OK\r\n")

    def data(self, peer, octets):
        """The mail as it came over the wire, and what came behind it."""
        buffer, seen = bytearray(octets), 0
        while not (end := self.DATA_END.search(buffer, max(0, seen - 100))):
            seen = len(buffer)
            octets = peer.recv(1 << 20)
            if not octets:
                raise ConnectionResetError
            buffer += octets
        return bytes(buffer[:end.end()]), bytes(buffer[end.end():])

    def with_token(self, token):
        with self.lock:
            return [mail for mail in self.mails if token in mail[2]]

    def smuggled(self):
        """Envelopes that nobody ought to have obeyed; each is told of once."""
        with self.lock:
            bad = [mail for mail in self.mails if b"smuggled" in b"".join(mail[1])]
            self.mails = [mail for mail in self.mails if mail not in bad]
        return [recipients for _, recipients, _ in bad]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Client:
    """A peer that says what it is told to, octet for octet."""

    def __init__(self, port, tls=False, hello=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        if tls:
            self.handshake()
        self.banner = self.reply()
        if hello:
            assert self.say(b"EHLO client.example\r\n")[0] == 250

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def handshake(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        assert not self.buffer, "nothing is said in the clear after 220"
        self.socket = context.wrap_socket(self.socket, server_hostname="gateway.acme.example")

    def send(self, octets):
        self.socket.sendall(octets)

    def line(self):
        while b"\n" not in self.buffer:
            octets = self.socket.recv(65536)
            if not octets:
                raise EOFError(self.buffer)
            self.buffer += octets
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode()

    def reply(self):
        """Code and text of the next reply."""
        text = []
        while True:
            line = self.line()
            text.append(line[4:].rstrip("\r"))
            if line[3:4] != "-":
                return int(line[:3]), "\n".join(text)

    def say(self, octets):
        self.send(octets)
        return self.reply()

    def codes(self, octets=b"", end=b"QUIT\r\n"):
        """The codes of all replies until the connection is closed."""
        found = []
        with contextlib.suppress(EOFError, ConnectionResetError, BrokenPipeError):
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                self.send(octets + end)
            while True:
                found.append(self.reply()[0])
        return found

    def begin(self):
        """As far as 354."""
        assert [self.say(line + b"\r\n")[0] for line in (*ENVELOPE.split(b"\r\n")[:2], b"DATA")] == [250, 250, 354]


TOKENS = itertools.count(1)


def token():
    return b"token%06d" % next(TOKENS)


def head(mark):
    return (f"From: <{FROM}>\r\nTo: <{TO}>\r\nSubject: ".encode() + mark + b"\r\nDate: Sat, 21 Nov 2026 10:00:00 +0900\r\nMessage-ID: <" + mark
            + b"@acme.example>\r\n\r\n")


NUMBERS = itertools.count(1)


def second_envelope(to=None):
    """What a smuggler sends after what he hopes to be the end of the data."""
    mark = b"smuggled%05d" % next(NUMBERS)
    return b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\nFrom: <%s>\r\nSubject: %s\r\n\r\nforged" % (
        FROM.encode(), to or mark + b"@recipient.example", FROM.encode(), mark)


def with_variant(variant, mark, to=None):
    return head(mark) + b"before" + variant + second_envelope(to)


class Gateway(harness.Fubako):
    """The gateway before the sloppy server."""

    def good_mail(self, tls=None):
        """A mail of somebody else is taken, now."""
        mark = token()
        with Client(self.tls if tls == "implicit" else self.starttls, tls=tls == "implicit") as client:
            if tls == "starttls":
                assert client.say(b"STARTTLS\r\n")[0] == 220
                client.handshake()
                assert client.say(b"EHLO client.example\r\n")[0] == 250
            client.begin()
            assert client.say(head(mark) + b"good" + END)[0] == 250
        return mark

    def memory(self):
        """Resident memory now, in MiB."""
        with open(f"/proc/{self.process.popen.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.popen.pid}/fd"))

    def settled(self):
        harness.wait_for("nothing is under way", lambda: all(row["state"] == "held" for row in self.queue()), 60, 0.2)


@pytest.fixture(scope="module")
def sloppy():
    server = Sloppy()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def gateway(folder, sloppy):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard < 65536 else 65536, hard))
    server = Gateway(folder / "smtp-gateway", {
        "relay": {"smarthost": f"127.0.0.1:{sloppy.port}"}, "smtp": {"hostname": "gateway.acme.example", "max_connections": 1100}}).start()
    yield server
    server.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def strict(folder, sloppy):
    """TLS before MAIL, and small limits."""
    server = Gateway(folder / "smtp-strict", {
        "relay": {"smarthost": f"127.0.0.1:{sloppy.port}"}, "smtp.starttls": {"require_tls": True},
        "smtp": {"hostname": "gateway.acme.example", "max_connections": 20, "max_recipients": 5, "max_mail_size": 1 << 20,
                 "command_timeout_seconds": 3, "data_timeout_seconds": 3}}).start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def lives(gateway):
    """After each test the gateway is the same process and takes a mail."""
    yield
    assert gateway.process.popen.poll() is None
    gateway.good_mail()
    assert "panic" not in gateway.log.read_text()


def each_arrives_once(gateway, sloppy, marks):
    """Every mail once, and no envelope out of a mail's content."""
    marks = list(marks)
    harness.wait_for("the mails", lambda: all(sloppy.with_token(m) for m in marks), 60, 0.2)
    gateway.settled()
    again = {m.decode(): len(found) for m in marks if len(found := sloppy.with_token(m)) != 1}
    assert not again and not sloppy.smuggled()
    for mark in marks:
        [(sender, recipients, wire)] = sloppy.with_token(mark)
        assert TO.encode() in recipients[0] and len(recipients) == 1
        assert wire.endswith(END) and not re.search(rb"\r(?!\n)|(?<!\r)\n", wire), mark


def in_threads(work, things, threads=8):
    """What `work` says of each thing, and the first error."""
    results, todo, errors = {}, iter(list(things)), []
    lock = threading.Lock()

    def run():
        while True:
            with lock:
                thing = next(todo, None)
            if thing is None or errors:
                return
            try:
                results[thing] = work(thing)
            except BaseException as error:
                errors.append(error)

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
    return results


def wrong(results, expected):
    bad = {repr(thing): codes for thing, (codes, _) in results.items() if codes != expected}
    assert not bad, json.dumps(bad, indent=1)


# ---- The end of the data ----


def test_the_sloppy_server_and_the_gateway_can_take_two(gateway, sloppy):
    """The tests below can fail: a true end is one, and the server behind takes what is none for one."""
    mark, other = token(), token()
    with Client(gateway.starttls) as client:
        client.begin()
        assert client.codes(head(mark) + END[:-2] + END[-2:] + ENVELOPE + b"DATA\r\n" + head(other) + END) == [250, 250, 250, 354, 250, 221]
    each_arrives_once(gateway, sloppy, [mark, other])
    for variant in REPRESENTATIVE[:8]:
        direct = Sloppy()
        try:
            with Client(direct.port) as client:
                client.begin()
                client.codes(with_variant(variant, token()) + END)
            assert len(direct.smuggled()) == 1, variant
        finally:
            direct.stop()


# spec: RCV-ESMTP: every pair of line ends that readers differ about, each in a mail of its own
def test_no_variant_ends_the_data(gateway, sloppy):
    both = variants(KNOWN_ENDS)
    assert len(both) >= 200

    def send(part):
        sent = {}
        with Client(gateway.starttls) as client:
            for variant in part:
                mark = token()
                client.begin()
                code = client.say(with_variant(variant, mark) + END)[0]
                # Were there a second mail, there would be more replies.
                sent[variant] = ([code, client.say(b"NOOP\r\n")[0], client.say(b"VRFY x\r\n")[0]], mark)
        return sent

    parts = in_threads(send, [tuple(both[i::8]) for i in range(8)])
    results = {variant: sent for part in parts.values() for variant, sent in part.items()}
    assert len(results) == len(both)
    wrong(results, [250, 250, 252])
    each_arrives_once(gateway, sloppy, [mark for _, mark in results.values()])


# spec: RCV-ESMTP: all of up to three octets, and near dots, gathered in mails
@pytest.mark.parametrize("how", ["DATA", "BDAT"])
def test_no_variant_among_all_ends_the_data(gateway, sloppy, how):
    groups = [variants([before], LINE_ENDS) for before in LINE_ENDS]
    groups += [variants([before], [b"\r\n", b"\n", b"\r"], NEAR_DOTS) for before in (b"\r\n", b"\n", b"\r")]
    groups += [variants(OTHER_ENDS), variants(OTHER_ENDS, [b"\r\n", b"\n"]), variants([b"\r\n", b"\n"], OTHER_ENDS)]
    assert sum(map(len, groups)) >= 1800
    marks = []
    with Client(gateway.starttls) as client:
        for group in groups:
            marks.append(token())
            mail = head(marks[-1]) + b"".join(b"before" + v + second_envelope() + b"\r\n" for v in group)
            if how == "DATA":
                client.begin()
                code = client.say(mail + END)[0]
            else:
                client.send(ENVELOPE)
                assert [client.reply()[0], client.reply()[0]] == [250, 250]
                code = client.say(b"BDAT %d LAST\r\n" % len(mail) + mail)[0]
            assert (code, client.say(b"VRFY x\r\n")[0]) == (250, 252), group[0]
    each_arrives_once(gateway, sloppy, marks)


# spec: RCV-ESMTP
def test_a_postfix_behind_us_that_takes_bare_line_feeds(fubako, mailboxes):
    """Debian 12's Postfix ends the data at LF dot LF: through us it gets one mail each."""
    victim = "himitsu@bcc.example"
    there, smuggled = len(mailboxes.raw(TO)), len(mailboxes.raw(victim))
    with Client(mailboxes.port) as client:
        client.begin()
        client.codes(with_variant(b"\n.\n", token(), victim.encode()) + END)
    taken = len(mailboxes.wait(victim, smuggled + 1, 10)) if postfix_takes_bare_line_feeds() else smuggled
    mailboxes.wait(TO, there + 1)
    both = variants(KNOWN_ENDS[:8])
    with Client(fubako.starttls) as client:
        for variant in both:
            client.begin()
            assert client.say(with_variant(variant, token(), victim.encode()) + END)[0] == 250
    mailboxes.wait(TO, there + 1 + len(both))
    Gateway.settled(fubako)
    assert len(mailboxes.raw(TO)) == there + 1 + len(both) and len(mailboxes.raw(victim)) == taken


def postfix_takes_bare_line_feeds():
    """Whether the installed Postfix is one to be smuggled through, as configured here."""
    done = subprocess.run(["postconf", "-d", "-h", "smtpd_forbid_bare_newline"], capture_output=True, text=True)
    return done.stdout.strip() in ("", "no")


# spec: RCV-ESMTP: in the header, and at the very beginning
@pytest.mark.parametrize("where", ["first", "header", "after the header"])
def test_no_variant_before_the_body_ends_the_data(gateway, sloppy, where):
    held, marks = [], []
    for variant in [*REPRESENTATIVE, b".\n", b".\r", b".\0\r\n", b"\0.\r\n", b"..\r\n", b".\r\0\n"]:
        mark = token()
        start, end = head(mark)[:-2], head(mark)[-2:]
        mail = {"first": variant + second_envelope() + b"\r\n" + head(mark), "header": start + b"X-Odd: a" + variant + second_envelope() + b"\r\n" + end,
                "after the header": head(mark) + variant + second_envelope()}[where]
        with Client(gateway.starttls) as client:
            client.begin()
            codes = client.codes(mail + END)
        assert codes in ([250, 221], [550, 221]), (variant, codes)
        (held if where != "after the header" else marks).append(mark)
    each_arrives_once(gateway, sloppy, marks)
    # What has no proper header is refused, or stopped and its sender told: whatever comes of it is one mail.
    assert all(len(sloppy.with_token(mark)) <= 2 for mark in held) and not sloppy.smuggled()


# spec: RCV-ESMTP: cut over two segments at every octet
def test_where_a_variant_is_cut_does_not_matter(gateway, sloppy):
    cuts = []
    for variant in [*REPRESENTATIVE, b"x"]:
        size = len(head(b"token000000") + b"before")
        cuts += [(variant, cut) for cut in range(size - 1, size + len(variant) + 2)]
    # The true end too; and all of one mail.
    whole = len(with_variant(b"\n.\n", b"token000000") + END)
    cuts += [(b"x", -cut) for cut in range(1, len(END) + 1)] + [(b"\n.\n", cut) for cut in range(1, whole)]

    def send(part):
        sent = {}
        with Client(gateway.starttls) as client:
            for variant, cut in part:
                mark = token()
                mail = with_variant(variant, mark) + END
                client.begin()
                client.send(mail[:cut])
                time.sleep(0.002)
                sent[variant, cut] = ([client.say(mail[cut:])[0], client.say(b"VRFY x\r\n")[0]], mark)
        return sent

    parts = in_threads(send, [tuple(cuts[i::8]) for i in range(8)])
    results = {thing: sent for part in parts.values() for thing, sent in part.items()}
    assert len(results) >= 350
    wrong(results, [250, 252])
    each_arrives_once(gateway, sloppy, [mark for _, mark in results.values()])


# spec: RCV-ESMTP: every octet of envelope, mail and end in a segment (a TLS record) of its own
@pytest.mark.parametrize("how", ["DATA", "BDAT"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_octet_by_octet(gateway, sloppy, tls, how):
    def send(variant):
        mark = token()
        mail = with_variant(variant, mark)
        with Client(gateway.tls if tls else gateway.starttls, tls=tls) as client:
            def one_by_one(octets):
                for octet in octets:
                    client.send(bytes([octet]))
                    time.sleep(0.0002)
            one_by_one(ENVELOPE)
            assert [client.reply()[0] for _ in range(2)] == [250, 250]
            if how == "DATA":
                one_by_one(b"DATA\r\n")
                assert client.reply()[0] == 354
                one_by_one(mail + END)
            else:
                # The chunks part in the middle of the variant.
                cut = len(head(mark) + b"before") + len(variant) // 2
                one_by_one(b"BDAT %d\r\n" % cut + mail[:cut])
                assert client.reply()[0] == 250
                one_by_one(b"BDAT %d LAST\r\n" % (len(mail) - cut) + mail[cut:])
            return client.codes(), mark

    results = in_threads(send, REPRESENTATIVE)
    wrong(results, [250, 221])
    each_arrives_once(gateway, sloppy, [mark for _, mark in results.values()])


# ---- BDAT ----


def bdat(mail, cut=None):
    """A mail as chunks: one, or two."""
    if cut is None:
        return b"BDAT %d LAST\r\n" % len(mail) + mail
    return b"BDAT %d\r\n" % cut + mail[:cut] + b"BDAT %d LAST\r\n" % (len(mail) - cut) + mail[cut:]


# spec: RCV-ESMTP (CHUNKING): in a chunk even CRLF dot CRLF is text; the chunks cut at every octet of it
def test_nothing_ends_a_chunk_but_its_size(gateway, sloppy):
    def send(variant):
        sent = []
        with Client(gateway.starttls) as client:
            size = len(head(b"token000000") + b"before")
            for cut in (None, *range(size, size + len(variant) + 1)):
                mark = token()
                client.send(ENVELOPE + bdat(with_variant(variant, mark), cut))
                sent.append(([client.reply()[0] for _ in range(3 if cut is None else 4)], mark))
            sent[-1][0].append(client.say(b"VRFY x\r\n")[0])
        return sent

    results = in_threads(send, [*REPRESENTATIVE, END, END + END, b"\r\nBDAT 0 LAST\r\n", b"\r\nRSET\r\n"])
    for variant, sent in results.items():
        assert all(set(codes) <= {250, 252} for codes, _ in sent), (variant, sent)
    each_arrives_once(gateway, sloppy, [mark for sent in results.values() for _, mark in sent])


EVIL = b"RSET\r\nMAIL FROM:<%s>\r\nRCPT TO:<smuggled-chunk@recipient.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nforged\r\n.\r\n" % FROM.encode()
NO_BDAT = [b"BDAT", b"BDAT ", b"BDAT x", b"BDAT -1", b"BDAT +%d", b"BDAT 0x10", b"BDAT 1e2", b"BDAT %d LAST LAST", b"BDAT %d FIRST", b"BDAT LAST", b"BDAT LAST %d",
           b"BDAT %d,LAST", b"BDAT%d", b"BDAT\t%d LAST", b"BDAT %d\tLAST", b"BDAT %d LAST\0", b" BDAT %d LAST", b"\tBDAT %d", b"BDAT 99999999999999999999 LAST",
           b"BDAT 18446744073709551616", b"BDAT " + b"0" * 30 + b"%d LAST", b"BDAT " + b" " * 5000 + b"%d LAST", b"BDAT %d.0", b"BDAT \xc2\xa0%d LAST", b"BDAT %d\n",
           b"BDAT %d LAST\r", b"BDAT\r\n %d LAST"]


# spec: RCV-ESMTP (CHUNKING)
@pytest.mark.parametrize("begun", [True, False], ids=["in a mail", "without a mail"])
def test_a_chunk_whose_size_nobody_knows_ends_the_session(gateway, sloppy, begun):
    for line in NO_BDAT:
        line = line % len(EVIL) if b"%d" in line else line
        with Client(gateway.starttls) as client:
            codes = client.codes((ENVELOPE if begun else b"") + line + b"\r\n" + EVIL)
        assert len(codes) == 2 * begun + 1 and codes[-1] in (500, 501), (line, codes)
    assert not sloppy.smuggled()


# spec: RCV-ESMTP (CHUNKING), RCV-DURABLE
def test_chunks_of_all_sizes(gateway, sloppy):
    def talk(octets, expected, end=b"QUIT\r\n"):
        with Client(gateway.starttls) as client:
            client.send(octets + end)
            if not end:
                client.socket.shutdown(socket.SHUT_WR)
            assert client.codes(end=b"") == expected, octets[-200:]

    mail = lambda mark: head(mark) + b"text"
    arrive, never = [token() for _ in range(5)], [token() for _ in range(10)]
    once, two, one_by_one, short, long_ago = arrive
    # A declared size too small: the mail has what was declared, and the rest is no mail.
    talk(ENVELOPE + bdat(mail(short)) + b" that was not declared\r\n", [250, 250, 250, 500, 221])
    # Empty chunks, and a mail of chunks of one octet.
    talk(ENVELOPE + b"BDAT 0\r\n" * 3 + bdat(mail(once)), [250] * 6 + [221])
    talk(ENVELOPE + b"BDAT %d\r\n" % len(mail(two)) + mail(two) + b"BDAT 0 LAST\r\n", [250] * 4 + [221])
    chunks = b"".join(b"BDAT 1\r\n%c" % octet for octet in mail(one_by_one))
    talk(ENVELOPE + chunks + b"bdat 0 last\r\n", [250] * (3 + len(mail(one_by_one))) + [221])
    talk(ENVELOPE + bdat(b"") + ENVELOPE + bdat(mail(long_ago)), [250, 250, 550, 250, 250, 250, 221])
    # A declared size too large: what follows is content, and half a mail is none.
    for size in (len(mail(never[0])) + len(EVIL) + 1000, 40_000_000):
        talk(ENVELOPE + b"BDAT %d LAST\r\n" % size + mail(never[0]) + EVIL, [250, 250], end=b"")
    for size in (1 << 40, (1 << 64) - 2):
        talk(ENVELOPE + b"BDAT %d LAST\r\n" % size + mail(never[1]) + EVIL, [250, 250], end=b"")
    # Chunks that never were the last.
    talk(ENVELOPE + b"BDAT %d\r\n" % len(mail(never[2])) + mail(never[2]), [250, 250, 250, 221])
    talk(ENVELOPE + b"BDAT %d\r\n" % len(mail(never[3])) + mail(never[3]) + b"RSET\r\nBDAT 0 LAST\r\n", [250, 250, 250, 250, 503, 221])
    # The content of a chunk that is refused is no command.
    for begin, codes in ((b"", [503]), (ENVELOPE.split(b"RCPT")[0], [250, 554]), (b"MAIL FROM:<a@nobody.example>\r\n", [550, 503])):
        talk(begin + bdat(EVIL) + bdat(EVIL, 40), [*codes, 503, 503, 221])
    # Out of order.
    talk(ENVELOPE + b"BDAT 4\r\n" + b"From" + ENVELOPE + b"RSET\r\n", [250, 250, 250, 503, 503, 250, 221])
    talk(ENVELOPE + b"BDAT 4\r\n" + b"From" + b"DATA\r\n" + mail(never[4]) + END + EVIL, [250, 250, 250, 503, 500])
    each_arrives_once(gateway, sloppy, arrive)
    assert not any(sloppy.with_token(mark) for mark in never)
    assert b"not declared" not in sloppy.with_token(short)[0][2]


# ---- STARTTLS ----


def under_tls(client, hello=True):
    assert client.say(b"STARTTLS\r\n")[0] == 220
    client.handshake()
    assert not hello or client.say(b"EHLO client.example\r\n")[0] == 250


INJECTIONS = [
    b"NOOP\r\n", b"EHLO evil.example\r\n", b"RSET\r\nQUIT\r\n", ENVELOPE, ENVELOPE + b"DATA\r\n", ENVELOPE + b"DATA\r\nSubject: smuggled\r\n\r\nforged" + END,
    b"EHLO evil.example\r\n" + EVIL, b"EHLO evil.example\r\nMAIL FROM:<%s>\r\nRCPT TO:<smuggled-tls@recipient.example>\r\n" % FROM.encode(),
    b"MAIL FROM:<%s>\r\nRCPT TO:<smuggled-tls@recipient.example>\r\nBDAT 4000 LAST\r\n" % FROM.encode(), b"x", b"\r\n", b"NOOP" + b"x" * 3000,
]


# spec: RCV-TLS: what was said in the clear counts for nothing (CVE-2011-0411)
@pytest.mark.parametrize("mandatory", [False, True], ids=["optional", "mandatory"])
def test_commands_in_the_segment_of_starttls_are_not_heard(gateway, strict, sloppy, mandatory):
    server = strict if mandatory else gateway
    for injected in INJECTIONS:
        with Client(server.starttls) as client:
            client.send(b"STARTTLS\r\n" + injected)
            assert client.reply()[0] == 220
            client.handshake()
            # No reply of what was injected comes first, nothing of it holds.
            assert client.say(b"VRFY x\r\n")[0] == 252, injected
            assert client.say(b"MAIL FROM:<%s>\r\n" % FROM.encode())[0] == 503, injected
            assert client.say(b"EHLO client.example\r\n")[0] == 250
            assert client.say(b"DATA\r\n")[0] == 503 and client.say(b"RCPT TO:<%s>\r\n" % TO.encode())[0] == 503, injected
    server.good_mail("starttls")
    assert not sloppy.smuggled()


# spec: RCV-TLS
def test_commands_between_starttls_and_the_handshake_are_no_commands(gateway, sloppy):
    for injected in INJECTIONS:
        with Client(gateway.starttls) as client:
            assert client.say(b"STARTTLS\r\n")[0] == 220
            time.sleep(0.01)
            client.send(injected)
            with contextlib.suppress(OSError):
                client.handshake()
                pytest.fail(f"{injected} was passed over")
        with Client(gateway.starttls) as client:
            assert client.say(b"STARTTLS\r\n")[0] == 220
            time.sleep(0.01)
            client.send(injected)
            client.socket.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                # An alert at most: no reply.
                assert client.socket.recv(1000)[:1] in (b"", b"\x15")
    assert not sloppy.smuggled()


# spec: RCV-TLS: what was begun before is forgotten (RFC 3207, 4.2)
@pytest.mark.parametrize("begun", [b"", ENVELOPE.split(b"RCPT")[0], ENVELOPE, ENVELOPE + b"BDAT 10\r\n0123456789"], ids=["nothing", "mail", "rcpt", "chunk"])
def test_the_state_is_forgotten_at_starttls(gateway, sloppy, begun):
    with Client(gateway.starttls) as client:
        client.send(begun.replace(b"suzuki", b"smuggled"))
        for _ in range(begun.count(b"\r\n")):
            assert client.reply()[0] == 250
        under_tls(client, hello=False)
        for command, code in ((b"BDAT 0 LAST", 503), (b"DATA", 503), (b"MAIL FROM:<%s>" % FROM.encode(), 503), (b"STARTTLS", 503)):
            assert client.say(command + b"\r\n")[0] == code
        code, text = client.say(b"EHLO client.example\r\n")
        assert code == 250 and "STARTTLS" not in text.splitlines()
        for command, code in ((b"RCPT TO:<%s>" % TO.encode(), 503), (b"DATA", 503), (b"BDAT 0 LAST", 503), (b"STARTTLS", 503)):
            assert client.say(command + b"\r\n")[0] == code
        mark = token()
        client.begin()
        assert client.codes(head(mark) + END) == [250, 221]
    each_arrives_once(gateway, sloppy, [mark])


# spec: RCV-TLS
def test_without_tls_no_mail_where_it_is_mandatory(strict, sloppy):
    with Client(strict.starttls) as client:
        octets = ENVELOPE + b"BDAT %d LAST\r\n" % len(EVIL) + EVIL + b"DATA\r\nReceived: from x\r\n" + EVIL
        # A peer that does not hear the refusal of DATA is not listened to any longer.
        assert client.codes(octets) == [530, 530, 530, 530, 500]
    with Client(strict.tls, tls=True) as client:
        assert client.say(b"STARTTLS\r\n")[0] == 503
    with Client(strict.starttls) as client:
        assert client.say(b"STARTTLS now\r\n")[0] == 501 and client.say(b"MAIL FROM:<%s>\r\n" % FROM.encode())[0] == 530
    each_arrives_once(strict, sloppy, [strict.good_mail("starttls"), strict.good_mail("implicit")])


# spec: RCV-TLS
def test_what_is_no_handshake_ends_the_connection(gateway):
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    for octets in (os.urandom(2000), b"GET / HTTP/1.1\r\n\r\n", b"EHLO x\r\n", hello + os.urandom(600), hello[:3], b"\0" * 5000, b"\x80\x2e\x01\x00\x02" + b"\0" * 100,
                   b"\x16\x03\x01\xff\xff" + os.urandom(70_000)):
        for port in (gateway.tls, gateway.starttls):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as peer, contextlib.suppress(OSError):
                if port == gateway.starttls:
                    peer.sendall(b"STARTTLS\r\n")
                    while b"Ready" not in peer.recv(1000):
                        pass
                peer.sendall(octets)
                peer.shutdown(socket.SHUT_WR)
                while answer := peer.recv(1000):
                    assert answer[:1] == b"\x15", "no more than an alert"
    gateway.good_mail("starttls")
    gateway.good_mail("implicit")


# ---- Pipelining ----


# spec: RCV-ESMTP (PIPELINING): a whole conversation at once is one mail; nothing in it is two
def test_a_whole_conversation_in_one_segment(gateway, sloppy):
    marks = []
    for variant in REPRESENTATIVE:
        marks.append(token())
        with socket.create_connection(("127.0.0.1", gateway.starttls), timeout=30) as peer:
            # Before the banner even.
            peer.sendall(b"EHLO client.example\r\n" + ENVELOPE + b"DATA\r\n" + with_variant(variant, marks[-1]) + END + b"QUIT\r\n" + EVIL)
            peer.settimeout(30)
            with peer.makefile("rb") as replies:
                codes = [int(line[:3]) for line in replies if line[3:4] == b" "]
        assert codes == [220, 250, 250, 250, 354, 250, 221], (variant, codes)
    each_arrives_once(gateway, sloppy, marks)


# spec: RCV-ESMTP (PIPELINING): a peer that sends the mail without hearing that DATA was refused
@pytest.mark.parametrize("begin, codes", [
    (b"", [503]),
    (b"MAIL FROM:<a@nobody.example>\r\nRCPT TO:<x@y.example>\r\n", [550, 503, 503]),
    (ENVELOPE.split(b"RCPT")[0] + b"RCPT TO:<>\r\n", [250, 501, 554]),
    (ENVELOPE.split(b"RCPT")[0] + b"RCPT TO:<a b@c.example>\r\n", [250, 501, 554]),
    (ENVELOPE + b"RSET\r\n", [250, 250, 250, 503]),
    (ENVELOPE + b"EHLO x\r\n", [250, 250, 250, 503]),
], ids=["nothing", "no sender", "no recipient", "bad recipient", "reset", "ehlo"])
def test_content_behind_a_refused_data_is_not_obeyed(gateway, sloppy, begin, codes):
    for first in (head(b"smuggled"), b"Received: from a.example by b.example\r\n", b"\r\n", b"X: " + b"y" * 9000 + b"\r\n", b"..\r\n", b"\0\r\n"):
        with Client(gateway.starttls) as client:
            assert client.codes(begin + b"DATA\r\n" + first + EVIL) == [*codes, 500], first
        # The same in segments of their own.
        with Client(gateway.starttls) as client:
            client.send(begin + b"DATA\r\n")
            assert [client.reply()[0] for _ in codes] == codes
            assert client.codes(first + EVIL) == [500], first
    with Client(gateway.starttls) as client:
        # A peer that waits goes on.
        client.send(begin + b"DATA\r\nRSET\r\n")
        assert [client.reply()[0] for _ in range(len(codes) + 1)] == [*codes, 250]
        client.begin()
        assert client.codes(head(token()) + END) == [250, 221]
    assert not sloppy.smuggled()


# spec: RCV-ESMTP: commands end with CRLF and have no control characters in them
def test_commands_within_commands(gateway, sloppy):
    evil = b"RCPT TO:<smuggled-command@recipient.example>"
    begin = ENVELOPE.split(b"RCPT")[0]
    for between in [e for e in LINE_ENDS if b"\r\n" not in e] + [b"\x0b", b"\x0c", b"\x1b", b"\x7f"]:
        for line in (b"NOOP" + between + evil, b"RCPT TO:<a@b.example>" + between + evil, b"VRFY x" + between, between + evil, b"EHLO x" + between + begin[:-2]):
            with Client(gateway.starttls) as client:
                codes = client.codes(begin + line + b"\r\nDATA\r\n")
            # 554: there is no recipient; or the session ended at a bare LF.
            assert codes in ([250, 500, 554, 221], [250, 500]), (line, codes)
    for line in (b"RCPT TO:<x>\xe2\x80\xa8" + evil, b"NOOP \xc2\x85" + evil, b"MAIL FROM:<%s> SMTPUTF8 BODY=8BITMIME\r" % FROM.encode() + evil):
        with Client(gateway.starttls) as client:
            assert 354 not in client.codes(begin + line + b"\r\nDATA\r\n")
    assert not sloppy.smuggled()


# ---- Lines and sizes ----


# spec: RCV-ESMTP (RFC 5321, 4.5.3.1.4)
def test_command_lines_of_any_length(gateway, sloppy):
    tail = b"\rMAIL FROM:<%s>" % FROM.encode()
    for length in (510, 511, 512, 513, 998, 1000, 1001, 2048, 4094, 4095, 4096):
        with Client(gateway.starttls) as client:
            assert client.codes(b"NOOP ".ljust(length - 2, b"x") + b"\r\n") == [250, 221], length
    for length in (4097, 5000, 12_288, 65_536, 65_537, 1_000_000):
        for verb in (b"NOOP ", b"MAIL FROM:<", b"RCPT TO:<", b"\0", b"EHLO "):
            with Client(gateway.starttls) as client:
                assert client.codes(verb.ljust(length - 2 - len(tail), b"x") + tail + b"\r\nDATA\r\n") == [500, 503, 221], (length, verb)
        with Client(gateway.starttls) as client:
            # A bare LF does not end the line that is thrown away, nor does anything else but CRLF.
            codes = client.codes(b"NOOP ".ljust(length, b"x") + b"\n" + EVIL)
        assert codes == [500, 500] or codes == [500], codes
    with Client(gateway.starttls) as client:
        assert client.codes(b"x" * 3_000_000 + b"\r\n" + EVIL) == [500, 421]
    for begin in (b"MAIL FROM:<%s@acme.example>", b"MAIL FROM:<a@%s>", b"RCPT TO:<%s@recipient.example>", b"EHLO %s", b"MAIL FROM:<a@acme.example> ENVID=%s"):
        for length in (300, 1000, 4000):
            with Client(gateway.starttls) as client:
                code, _ = client.say(begin % (b"x" * length) + b"\r\n")
                assert 500 <= code < 560 and client.say(b"NOOP\r\n")[0] == 250, (begin, length)
    assert not sloppy.smuggled()


# spec: RCV-ESMTP, MAIL-NONE (long lines as they were), RCV-SIZE (memory)
def test_text_lines_of_any_length(gateway, sloppy):
    bodies = {token(): (b"x" * length, between) for length in (996, 998, 999, 1000, 1001, 4096, 65_535, 65_536, 65_537, 1 << 20, 8 << 20) for between in (b"\r\n", b"\n.\n")}
    for mark, (line, between) in bodies.items():
        with Client(gateway.starttls) as client:
            client.begin()
            assert client.codes(head(mark) + line + between + line[:1 << 20] + second_envelope() + END) == [250, 221], len(line)
    each_arrives_once(gateway, sloppy, bodies)
    for mark, (line, between) in bodies.items():
        text = sloppy.with_token(mark)[0][2].split(b"\r\n\r\n", 1)[1]
        assert text.startswith(line + (b"\r\n" if between == b"\r\n" else b"\r\n..\r\n") + line[:1 << 20]), len(line)
    assert gateway.peak_memory() < 300 * 1024


# spec: RCV-SIZE: the end of what is too long is an end, and before it nothing is
def test_what_stands_in_a_mail_too_long_is_not_obeyed(strict, sloppy):
    filler = (b"x" * 998 + b"\r\n") * 1100
    for variant in REPRESENTATIVE:
        with Client(strict.starttls) as client:
            under_tls(client)
            client.begin()
            assert client.codes(head(token()) + filler + variant + second_envelope() + END) == [552, 221], variant
    for begin in (b"BDAT %d LAST\r\n", b"BDAT %d\r\n"):
        with Client(strict.starttls) as client:
            under_tls(client)
            codes = client.codes(ENVELOPE + begin % len(filler + EVIL) + filler + EVIL + b"BDAT 5\r\nQUIT\n")
            # A chunk behind a refused mail is swallowed as well.
            assert codes in ([250, 250, 552, 503, 221], [250, 250, 552, 552, 221]), codes
    with Client(strict.starttls) as client:
        under_tls(client)
        client.begin()
        # So long that it is not read to its end: what follows is never looked at.
        assert client.codes(head(token()) + filler * 3 + END + EVIL) == [552]
    with Client(strict.starttls) as client:
        under_tls(client)
        assert client.codes(b"MAIL FROM:<%s> SIZE=1048576\r\nMAIL FROM:<%s> SIZE=99999999999999999999\r\n" % (FROM.encode(), FROM.encode())) == [552, 552, 221]
    each_arrives_once(strict, sloppy, [strict.good_mail("starttls")])


# ---- Limits ----


# spec: RCV-RATE (bad commands)
@pytest.mark.parametrize("line", [b"FOO", b"", b"AUTH PLAIN AGEAYg==", b"AUTH LOGIN", b"EXPN x", b"MAIL FROM:x", b"RCPT TO:<a@b.example>", b"\0", b"XCLIENT ADDR=127.0.0.1", b"TURN", b"VRFY",
                                  b"STARTTLS x", b"GET / HTTP/1.1", b"Host: gateway.acme.example", b"\xff\xfe"])
def test_bad_commands_have_an_end(gateway, line):
    with Client(gateway.starttls) as client:
        codes = client.codes((line + b"\r\n") * 50)
    assert codes[-1] == 421 and len(codes) == 21 and set(codes[:-1]) <= {500, 501, 502, 503}, codes
    with Client(gateway.starttls) as client:
        # Neither does a name or a password after AUTH begin anything.
        assert not {334, 235} & set(client.codes((line + b"\r\nAGEAYg==\r\n") * 5))


# spec: RCV-RATE (bad commands)
@pytest.mark.parametrize("lines", [b"NOOP\r\n", b"RSET\r\n", b"EHLO x\r\n", b"HELP\r\n", b"VRFY x\r\n", ENVELOPE + b"RSET\r\n", b"BDAT 0\r\n", b"BDAT 1\r\nx"], ids=repr)
def test_commands_that_lead_to_nothing_have_an_end(gateway, lines):
    with Client(gateway.starttls) as client:
        codes = client.codes(lines * 1000)
    assert codes[-1] == 421 and len(codes) < 400, len(codes)


# spec: RCV-ESMTP (RFC 5321, 4.5.3.1.10)
def test_many_recipients(gateway, strict, sloppy):
    with Client(gateway.starttls) as client:
        octets = ENVELOPE.split(b"RCPT")[0] + b"".join(b"RCPT TO:<smuggled-%d@recipient.example>\r\n" % i for i in range(1100)) + b"RSET\r\n"
        assert client.codes(octets) == [250] * 1001 + [452] * 100 + [250, 221]
    mark = token()
    with Client(strict.starttls) as client:
        under_tls(client)
        octets = ENVELOPE.split(b"RCPT")[0] + b"".join(b"RCPT TO:<suzuki%d@recipient.example>\r\n" % i for i in range(8)) + b"DATA\r\n"
        assert client.codes(octets + head(mark) + END) == [250] * 6 + [452] * 3 + [354, 250, 221]
    strict.settled()
    found = [recipient for _, recipients, _ in sloppy.with_token(mark) for recipient in recipients]
    assert sorted(found) == [b"RCPT TO:<suzuki%d@recipient.example>" % i for i in range(5)]
    assert not sloppy.smuggled()


# ---- Slow, silent and gone ----


def closes(peer, seconds):
    """What the peer is told until the connection is closed, and after how long."""
    begun, told = time.monotonic(), b""
    peer.settimeout(seconds)
    with contextlib.suppress(ConnectionResetError):
        while octets := peer.recv(4096):
            told += octets
    return told, time.monotonic() - begun


# spec: RCV-ESMTP (RFC 5321, 4.5.3.2): the time for a command and for a mail, however the octets drip
def test_slow_writers_are_cut_off(strict, sloppy):
    mark = token()

    def tls_client():
        client = Client(strict.starttls)
        under_tls(client)
        return client

    def drip(start, octets, expected):
        """One octet after the other, each in good time, all together not."""
        client = start()
        client.socket.settimeout(0.1)
        told, begun = b"", time.monotonic()
        for octet in itertools.cycle(octets):
            with contextlib.suppress(TimeoutError, ssl.SSLWantReadError):
                if not (got := client.socket.recv(4096)):
                    break
                told += got
            try:
                client.send(bytes([octet]))
            except (BrokenPipeError, ConnectionResetError):
                break
            assert time.monotonic() - begun < 20, "not cut off"
        assert time.monotonic() - begun > 2, "cut off too early"
        assert told[:3] == expected, told

    def in_data(how):
        def begun():
            client = tls_client()
            if how == b"DATA":
                client.begin()
                client.send(head(mark))
            else:
                client.send(ENVELOPE + b"BDAT 4000 LAST\r\n" + head(mark))
                assert [client.reply()[0], client.reply()[0]] == [250, 250]
            return client
        return begun

    def no_hello():
        return Client(strict.starttls, hello=False)

    def raw(port, octets):
        def connected():
            client = Client.__new__(Client)
            client.socket, client.buffer = socket.create_connection(("127.0.0.1", port)), b""
            if octets:
                client.send(octets)
                while b"Ready" not in client.socket.recv(1000):
                    pass
            return client
        return connected

    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300)
    with socket.create_connection(("127.0.0.1", strict.starttls)) as silent, socket.create_connection(("127.0.0.1", strict.tls)) as silent_tls:
        cases = [(no_hello, b"EHLO " + b"x" * 200, b"421"), (tls_client, b"NOOP " + b"x" * 3000, b"421"), (in_data(b"DATA"), b"x" * 70 + b"\r\n", b"421"),
                 (in_data(b"BDAT"), b"x" * 3000, b"421"), (raw(strict.tls, b""), hello, b""), (raw(strict.starttls, b"STARTTLS\r\n"), hello, b""),
                 # Lines that are too long, and thrown away, count as well.
                 (lambda: (client := no_hello(), client.send(b"y" * 5000), client.reply())[0], b"x" * 100, b"421")]
        in_threads(lambda case: drip(*case), cases, len(cases))
        told, _ = closes(silent, 10)
        assert told.startswith(b"220 ") and b"421 4.4.2" in told
        assert closes(silent_tls, 10)[0][:1] in (b"", b"\x15")
    harness.wait_for("their places are free", lambda: strict.descriptors() < 60, 10)
    each_arrives_once(strict, sloppy, [strict.good_mail("starttls")])
    assert not sloppy.with_token(mark)


# spec: RCV-ESMTP
def test_slow_writers_do_not_keep_others_waiting(gateway, sloppy):
    marks = [token() for _ in range(20)]
    clients = [Client(gateway.starttls) for _ in marks]
    for client in clients:
        client.begin()
    mails = [head(mark) + b"slow" + END for mark in marks]
    longest = 0
    for at in range(max(map(len, mails))):
        for client, mail in zip(clients, mails):
            client.send(mail[at:at + 1])
        if at % 80 == 0:
            begun = time.monotonic()
            gateway.good_mail()
            longest = max(longest, time.monotonic() - begun)
    assert longest < 10
    for client in clients:
        assert client.codes() == [250, 221]
        client.socket.close()
    each_arrives_once(gateway, sloppy, marks)


# spec: RCV-RATE (connections at once), RCV-SIZE (memory)
def test_a_thousand_idle_connections(gateway, sloppy):
    before, descriptors = gateway.memory(), gateway.descriptors()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(gateway.starttls, hello=i % 2 == 0)) for i in range(1000)]
        for client in clients[:300:4]:
            client.begin()
        for client in clients[1:300:4]:
            client.send(b"MAIL FR")
        assert gateway.descriptors() >= 1000
        begun = time.monotonic()
        marks = [gateway.good_mail(), gateway.good_mail("starttls"), gateway.good_mail("implicit")]
        assert time.monotonic() - begun < 10
        each_arrives_once(gateway, sloppy, marks)
        # 64 KiB each for those in DATA at most, and a few for the others.
        assert gateway.memory() - before < 60, "MiB for a thousand connections"
    harness.wait_for("the connections are closed", lambda: gateway.descriptors() < descriptors + 50, 20)


# spec: RCV-RATE (connections at once)
def test_one_connection_too_many_is_told_so(strict, sloppy):
    harness.wait_for("the places are free", lambda: strict.descriptors() < 60, 10)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(strict.starttls)) for _ in range(20)]
        for _ in range(30):
            refused = stack.enter_context(Client(strict.starttls, hello=False))
            assert refused.banner[0] == 421 and refused.banner[1].startswith("4.3.2")
            with contextlib.suppress(ConnectionResetError):
                refused.send(EVIL)
                assert refused.socket.recv(1000) == b""
        # Each listener has places of its own.
        marks = [strict.good_mail("implicit")]
        assert clients[0].say(b"NOOP\r\n")[0] == 250
    marks.append(harness.wait_for("there is a place again", lambda: suppressed(lambda: strict.good_mail("starttls"))))
    each_arrives_once(strict, sloppy, marks)


def suppressed(work):
    with contextlib.suppress(AssertionError, OSError, EOFError):
        return work()


# spec: RCV-SIZE (memory)
def test_a_peer_that_never_reads_waits_alone(gateway, strict, sloppy):
    before = gateway.memory()
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            peer = stack.enter_context(socket.socket())
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect(("127.0.0.1", gateway.starttls))
            peer.sendall(b"EHLO client.example\r\n" + ENVELOPE.split(b"RCPT")[0])
            peer.settimeout(0.2)
            # Refused recipients count as no errors: it can go on for ever, but nobody reads what we say.
            with contextlib.suppress(OSError):
                for _ in range(400):
                    peer.sendall(b"RCPT TO:<x@y.example>\r\n" * 2000)
                pytest.fail("16 MiB of commands were taken whose replies nobody reads")
        each_arrives_once(gateway, sloppy, [gateway.good_mail()])
        assert gateway.memory() - before < 40
    # And it has its time too.
    with socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(("127.0.0.1", strict.starttls))
        peer.settimeout(0.5)
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            while True:
                peer.sendall(b"x" * 100_000)
                assert time.monotonic() - begun < 10
    assert not sloppy.smuggled()


def reset(client):
    """Gone without a word."""
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


# spec: RCV-DURABLE: half a mail never was, and a whole one is one, heard of or not
def test_peers_that_go_away(gateway, sloppy):
    never, whole = [], []
    for how in (reset, lambda client: client.socket.close(), lambda client: client.socket.shutdown(socket.SHUT_WR)):
        for end in (b"", b"\r", b"\r\n", b"\r\n.", b"\r\n.\r", b"\n.\n", b"\r\n.\n"):
            never.append(token())
            client = Client(gateway.starttls)
            client.begin()
            client.send(head(never[-1]) + b"text" + end)
            how(client)
        never.append(token())
        client = Client(gateway.starttls)
        client.send(ENVELOPE + b"BDAT 5000 LAST\r\n" + head(never[-1]))
        how(client)
        for begin in (b"", b"MAIL", ENVELOPE, ENVELOPE + b"DATA\r\n", b"STARTTLS\r\n"):
            client = Client(gateway.starttls)
            client.send(begin)
            how(client)
        if how is not reset:
            whole.append(token())
            client = Client(gateway.starttls)
            client.begin()
            client.send(head(whole[-1]) + b"text" + END)
            how(client)
    each_arrives_once(gateway, sloppy, whole)
    assert not any(sloppy.with_token(mark) for mark in never)


# spec: RCV-DURABLE
def test_no_more_descriptors(gateway, sloppy):
    """Who comes while there are none waits or is turned away; then all is well again."""
    gateway.settled()
    pid = gateway.process.popen.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (gateway.descriptors() + 10, limits[1]))
        for _ in range(60):
            stack.enter_context(socket.create_connection(("127.0.0.1", gateway.starttls), timeout=10))
        time.sleep(0.5)
        assert gateway.process.popen.poll() is None
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    mark = harness.wait_for("mails are taken again", lambda: suppressed(gateway.good_mail), 20)
    each_arrives_once(gateway, sloppy, [mark])


# spec: RCV-ESMTP
def test_a_hundred_thousand_random_octets(gateway, sloppy):
    for seed in range(30):
        octets = os.urandom(3000) if seed % 3 == 0 else b"".join(os.urandom(1)[0] % 2 * b"\r\n" + w for w in itertools.islice(words(), 300))
        with Client(gateway.starttls) as client:
            codes = client.codes(octets)
        assert codes and all(200 <= code < 560 for code in codes)


def words():
    known = [b"MAIL FROM:<%s>\r\n" % FROM.encode(), b"RCPT TO:<%s>\r\n" % TO.encode(), b"DATA\r\n", b"BDAT 5\r\n", b"BDAT 3 LAST\r\n", b"RSET\r\n", b"\r\n.\r\n",
             b"\n.\n", b"\0", b"\r", b"\n", b".", b"x" * 600, b"EHLO x\r\n"]
    while True:
        yield known[os.urandom(1)[0] % len(known)]
