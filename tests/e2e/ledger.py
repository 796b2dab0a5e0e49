"""What was sent and what came, by the sending client's and the receiving server's own records: no log and no table of the gateway decides here.

A run sends mails while the gateway is killed again and again. A client that did not read the final 250 sends its mail again, as any mail server does; in the end
each mail has its 250. Then each recipient has the mail and exactly one deposit notice with one link; or, where their server refuses them, the sender one notice.
"""
import collections
import contextlib
import dataclasses
import email
import email.policy
import os
import re
import signal
import smtplib
import socket
import ssl
import threading
import time

import harness
import mails

FROM = "tanaka@acme.example"
GOOD = [f"r{n}@recipient.example" for n in range(8)]
# Their server has no such mailbox.
NOBODY = "nobody@recipient.example"
# Seconds in which what was handed over is recorded, on a machine that has much to do.
RECORDED = 2.0
LINK = re.compile(r"https?://[^\s\"<>]+/d/([A-Za-z0-9_-]+)")
SUBJECT = re.compile(r"\bledger (\d{6})\b")


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Points:
    """Steps of a conversation at which the gateway is killed, when it is its turn."""

    def __init__(self):
        self.lock = threading.Lock()
        self.wanted, self.hit = None, collections.Counter()

    def set(self, step, pid, nth=1):
        with self.lock:
            self.wanted = [step, pid, nth]

    def clear(self):
        with self.lock:
            self.wanted = None

    def reach(self, step):
        with self.lock:
            if not self.wanted or self.wanted[0] != step:
                return
            self.wanted[2] -= 1
            if self.wanted[2]:
                return
            _, pid, _ = self.wanted
            self.wanted = None
            self.hit[step] += 1
        kill(pid)


@dataclasses.dataclass
class Reception:
    """A mail for one recipient, durable at the receiving server."""
    at: float
    octets: bytes
    recipient: str
    # Whether nothing came after the reply to the final dot. Another command on the connection, be it a goodbye, says that the gateway has committed it.
    last: bool = False


class Receiver:
    """The recipients' mail server. It keeps what it took before it says so."""

    STEPS = ("receiver: before the reply to the final dot", "receiver: after the reply to the final dot", "receiver: before the reply to RCPT")

    def __init__(self, points):
        self.points, self.lock, self.kept = points, threading.Lock(), []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._session, args=(peer,), daemon=True).start()

    def _session(self, peer):
        recipients, latest = [], []
        with contextlib.suppress(OSError), peer, peer.makefile("rb") as lines:
            say = lambda text: peer.sendall(text.encode() + b"\r\n")
            say("220 recipient.example ESMTP")
            for line in lines:
                verb = line[:4].upper()
                for reception in latest:
                    reception.last = False
                latest = []
                if verb == b"EHLO":
                    say("250-recipient.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 100000000")
                elif verb == b"RCPT":
                    address = re.search(rb"<([^>]*)>", line)[1].decode().lower()
                    self.points.reach(self.STEPS[2])
                    if address == NOBODY:
                        say("550 5.1.1 no such mailbox")
                    else:
                        recipients.append(address)
                        say("250 2.1.5 ok")
                elif verb == b"DATA":
                    if not recipients:
                        say("554 5.5.1 no valid recipients")
                        continue
                    say("354 go on")
                    octets = bytearray()
                    for text in lines:
                        if text == b".\r\n":
                            break
                        octets += text[1:] if text.startswith(b".") else text
                    else:
                        return
                    latest = [Reception(time.monotonic(), bytes(octets), address, True) for address in recipients]
                    recipients = []
                    with self.lock:
                        self.kept += latest
                    self.points.reach(self.STEPS[0])
                    say("250 2.0.0 kept")
                    self.points.reach(self.STEPS[1])
                elif verb == b"QUIT":
                    say("221 2.0.0 bye")
                    return
                else:
                    if verb in (b"RSET", b"MAIL"):
                        recipients = []
                    say("250 2.0.0 ok")

    def count(self):
        with self.lock:
            return len(self.kept)

    def stop(self):
        self.listener.close()


@dataclasses.dataclass
class Sent:
    """A mail as its sender has it."""
    number: int
    recipients: list
    octets: bytes
    acknowledged: float = 0.0
    tries: int = 0

    @property
    def message_id(self):
        return f"<ledger-{self.number}@acme.example>"


def mail(number, recipients):
    head = mails.head(b"ledger %06d" % number, to=", ".join(recipients).encode())
    head = re.sub(rb"(?im)^Message-ID:.*\r\n", b"", head) + b"Message-ID: <ledger-%d@acme.example>\r\n" % number
    name = b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="f%d.pdf"\r\n' % number
    octets = mails.multipart(head, [(b"Content-Type: text/plain; charset=UTF-8\r\n", b"see the file"), mails.attachment(name, mails.pdf(3_000))])
    return Sent(number, list(recipients), octets)


class Sender:
    """Some clients that send mails one after another, each until it has its 250; as many as `count`, and more until `enough` is called. Where the receiving
    server has much less than was sent they wait with the next: what is tested is what becomes of mails on their way, not how long a queue may be."""

    STEPS = ("sender: before the final dot", "sender: after the final dot", "sender: after the 250")

    # Mails that may be on their way: some for each worker, and some that wait.
    AHEAD = 100

    def __init__(self, points, port, count, receiver, clients=4):
        self.points, self.port, self.count, self.receiver = points, port, count, receiver
        self.sent, self.lock = {}, threading.Lock()
        self.is_enough, self.stopped = threading.Event(), threading.Event()
        self.threads = [threading.Thread(target=self._client, daemon=True) for _ in range(clients)]

    def start(self):
        for thread in self.threads:
            thread.start()
        return self

    def _next(self):
        with self.lock:
            number = len(self.sent)
            if number >= self.count and self.is_enough.is_set():
                return None
            recipients = [GOOD[number % 8]] + ([GOOD[(number + 3) % 8]] if number % 3 == 0 else []) + ([NOBODY] if number % 10 == 0 else [])
            return self.sent.setdefault(number, mail(number, recipients))

    def _client(self):
        connection = None
        while not self.stopped.is_set() and (one := self._next()):
            while self._is_ahead() and not self.is_enough.is_set() and not self.stopped.is_set():
                time.sleep(0.05)
            while not one.acknowledged and not self.stopped.is_set():
                try:
                    connection = connection or self._connect()
                    self._send(connection, one)
                except (OSError, smtplib.SMTPException, EOFError):
                    with contextlib.suppress(Exception):
                        connection.close()
                    connection = None
                    time.sleep(0.05)

    def _is_ahead(self):
        # For each mail there come two at least: itself and a notice.
        return self.acknowledged() - self.receiver.count() // 2 > self.AHEAD

    def _connect(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return smtplib.SMTP_SSL("127.0.0.1", self.port, timeout=30, context=context)

    def _send(self, connection, one):
        one.tries += 1
        connection.ehlo_or_helo_if_needed()
        steps = [lambda: connection.mail(FROM), *[lambda to=to: connection.rcpt(to) for to in one.recipients], lambda: connection.docmd("DATA")]
        for step in steps:
            code, text = step()
            if code // 100 not in (2, 3):
                raise smtplib.SMTPResponseException(code, text)
        connection.send(one.octets.replace(b"\r\n.", b"\r\n.."))
        self.points.reach(self.STEPS[0])
        connection.send(b".\r\n")
        self.points.reach(self.STEPS[1])
        code, text = connection.getreply()
        if code != 250:
            raise smtplib.SMTPResponseException(code, text)
        one.acknowledged = time.monotonic()
        self.points.reach(self.STEPS[2])

    def acknowledged(self):
        with self.lock:
            return sum(1 for one in self.sent.values() if one.acknowledged)

    def enough(self, seconds):
        """Ends when `count` are sent and each has its 250."""
        self.is_enough.set()
        harness.wait_for("each mail has its 250", lambda: not any(thread.is_alive() for thread in self.threads), seconds)

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(60)


@dataclasses.dataclass
class Account:
    """What is wrong, and what came twice as it may."""
    lost: list
    doubled: list
    twice_as_may_be: int
    relayed: int
    notices: int
    told: int


def reconcile(sender, receiver, kills):
    """Holds what was sent against what came. `kills`: when the gateway was killed."""
    relayed, notices, told, strange = (collections.defaultdict(list) for _ in range(4))
    numbers = {one.message_id: one.number for one in sender.sent.values()}
    for reception in receiver.kept:
        message = email.message_from_bytes(reception.octets, policy=email.policy.default)
        number = numbers.get((message["message-id"] or "").strip())
        if number is not None:
            relayed[number, reception.recipient].append(reception)
            continue
        texts = "\n".join(harness.bodies(message))
        about = SUBJECT.search(f"{message['subject']} {texts}")
        if not about:
            strange[message["subject"]].append(reception)
        elif reception.recipient == FROM:
            told[int(about[1])].append((reception, message["message-id"]))
        else:
            notices[int(about[1]), reception.recipient].append((reception, message["message-id"], tuple(sorted(set(LINK.findall(texts))))))
    account = Account([], [f"a mail that nobody expects: {subject}" for subject in strange], 0, 0, 0, 0)
    for one in sender.sent.values():
        if one.acknowledged:
            _account_of(one, relayed, notices, told, account, kills)
    return account


def _account_of(one, relayed, notices, told, account, kills):
    for recipient in one.recipients:
        if recipient == NOBODY:
            continue
        came, noticed = relayed[one.number, recipient], notices[one.number, recipient]
        account.relayed, account.notices = account.relayed + len(came), account.notices + len(noticed)
        if not came:
            account.lost.append(f"mail {one.number} for {recipient}: not relayed")
        if not noticed:
            account.lost.append(f"mail {one.number} for {recipient}: no deposit notice")
        if len({(message_id, links) for _, message_id, links in noticed}) > 1:
            account.doubled.append(f"mail {one.number} for {recipient}: two deposits or notices: {[(i, l) for _, i, l in noticed]}")
        if any(len(links) != 1 for _, _, links in noticed):
            account.doubled.append(f"mail {one.number} for {recipient}: not one link in its notice")
        for what, receptions in (("mail", came), ("notice", [reception for reception, _, _ in noticed])):
            _twice(f"{what} {one.number} for {recipient}", receptions, account, kills)
    about_nobody = told[one.number]
    account.told += len(about_nobody)
    if (NOBODY in one.recipients) != bool(about_nobody):
        account.lost.append(f"mail {one.number}: its sender was {'not ' if not about_nobody else ''}told")
    if len({message_id for _, message_id in about_nobody}) > 1:
        account.doubled.append(f"mail {one.number}: its sender was told twice")
    _twice(f"what the sender of {one.number} is told", [reception for reception, _ in about_nobody], account, kills)


def _twice(what, receptions, account, kills):
    """The same again is as it may be where the gateway was killed before it can have known of the first."""
    for first, second in zip(receptions, receptions[1:]):
        if first.last and any(first.at <= at <= min(second.at, first.at + RECORDED) for at in kills):
            account.twice_as_may_be += 1
        else:
            account.doubled.append(f"{what}: came twice, and the gateway could know")
