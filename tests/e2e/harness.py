"""Real parts for the end-to-end tests: the binary, Postfix as mail server on both sides, a DNS server, Chromium.

Everything listens on 127.0.0.1 on free ports, lives in a temporary folder, and is ended by whoever started it.
"""
import contextlib
import email
import email.policy
import functools
import hashlib
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("FUBAKO_TEST_BINARY", ROOT / "target/debug/fubako"))
TOOLS = pathlib.Path(os.environ.get("FUBAKO_TEST_TOOLS", pathlib.Path.home() / ".cache/fubako-test-tools"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition, seconds=60, every=0.05):
    """The first true value of `condition()`, or an error that says what did not come."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen in {seconds} s: {what}")
        time.sleep(every)


def listening(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A process of ours, ended with its children."""

    def __init__(self, arguments, log, env=None, cwd=None):
        self.log = pathlib.Path(log)
        with open(log, "ab") as out:
            self.popen = subprocess.Popen(
                [str(a) for a in arguments], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                env={**os.environ, **(env or {})}, cwd=cwd, start_new_session=True,
            )

    def stop(self, how=signal.SIGTERM, seconds=45):
        if self.popen.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.popen.pid, how)
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait(10)
        return self.popen.returncode


SECTION = """
[[section]]
id = "acme"
name = "アクメ商事"
mail_link = true
autopilot = true
domains = ["acme.example"]
dkim = [{ domain = "acme.example", selector = "fubako" }]
"""
# The end of a section's declaration: whoever sends, the default user deposits.
DEPOSITOR = """
[[section.group]]
name = "メール連携"
mail_link = true
[[section.user]]
login_id = "mail-link"
address = "mail-link@acme.example"
group = "メール連携"
default_user = true
"""
SECTION += DEPOSITOR


class Visitor:
    """Somebody who asks for pages and sends their forms, with cookies, without a browser."""

    def __init__(self, base):
        self.base = base
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def page(self, path):
        with self.opener.open(self.base + path, timeout=60) as answer:
            return answer.read().decode()

    def send(self, path, **fields):
        """Sends a form; one of somebody who is signed in carries the key that their pages have."""
        key = re.search('name="form" value="([^"]+)"', self.page("/me"))
        form = {**fields, **({"form": key[1]} if key else {})}
        with self.opener.open(self.base + path, urllib.parse.urlencode(form).encode(), timeout=60) as answer:
            return answer.read().decode()


class Fubako:
    """The real binary, serving."""

    def __init__(self, folder, config=None, declaration=SECTION, env=None, data_dir=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.http, self.starttls, self.tls = free_port(), free_port(), free_port()
        self.data = pathlib.Path(data_dir or self.folder / "var")
        self.env = env or {}
        tables = {
            "http": {"listen": f"127.0.0.1:{self.http}"},
            "smtp": {"hostname": "gateway.acme.example"},
            "smtp.starttls": {"listen": f"127.0.0.1:{self.starttls}"},
            "smtp.tls": {"listen": f"127.0.0.1:{self.tls}"},
        }
        tables["dns"] = {"servers": [f"127.0.0.1:{company_dns().port}"]}
        for table, keys in (config or {}).items():
            tables.setdefault(table, {}).update(keys)
        lines = [f"data_dir = {json.dumps(str(self.data))}"]
        for table, keys in tables.items():
            lines.append(f"[{table}]")
            lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in keys.items()]
        self.config = self.folder / "fubako.toml"
        self.config.write_text("\n".join(lines) + "\n")
        self.declaration = self.folder / "sections.toml"
        self.declaration.write_text(declaration)
        self.applied = self.run("apply", self.declaration).stdout
        self.process = None

    def run(self, *arguments, check=True):
        done = subprocess.run(
            [str(a) for a in (BINARY, *arguments, "--config", self.config)],
            capture_output=True, text=True, timeout=120, env={**os.environ, **self.env},
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, role=None):
        self.launch(role)
        wait_for("fubako is ready", self._ready, 60)
        return self

    def launch(self, role=None):
        """Starts it, and does not wait."""
        self.log = self.folder / "fubako.log"
        self.log_before = self.log.stat().st_size if self.log.exists() else 0
        arguments = ["--role", role] if role else []
        self.process = Process([BINARY, "serve", "--config", self.config, *arguments], self.log, env=self.env)
        self.ports = {None: (self.http, self.starttls, self.tls), "gateway": (self.starttls, self.tls),
                      "exchange": (self.http,), "worker": ()}[role]

    def _ready(self):
        assert self.process.popen.poll() is None, self.log.read_text()
        return self.is_ready()

    def is_ready(self):
        with open(self.log, "rb") as log:
            log.seek(self.log_before)
            return all(listening(p) for p in self.ports) and b"ready" in log.read()

    def stop(self, how=signal.SIGTERM):
        if self.process:
            process, self.process = self.process, None
            return process.stop(how)

    @contextlib.contextmanager
    def as_operator(self):
        """An operator, made for this, who is signed in."""
        login = f"op{secrets.token_hex(4)}"
        said = self.run("operator", "add", login, "--address", f"{login}@ops.example").stdout
        visitor = Visitor(f"http://127.0.0.1:{self.http}")
        visitor.send(re.search(r"/invitation/\S+", said)[0], password="correct horse battery", again="correct horse battery")
        visitor.send("/sign-in", name=login, password="correct horse battery")
        yield visitor
        visitor.send("/sign-out")

    def dns_records(self):
        """The DKIM records that `apply` asked to publish, and the installation's own."""
        found = re.findall(r"^publish (\S+) TXT (.+)$", self.applied, re.M)
        return {name: "".join(re.findall(r"\"([^\"]*)\"", strings)) for name, strings in found}

    def queue(self):
        return [json.loads(line) for line in self.run("queue", "list", "--json").stdout.splitlines()]

    def peak_memory(self):
        """Peak resident memory of the process, in KiB."""
        status = pathlib.Path(f"/proc/{self.process.popen.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])


MASTER_CF = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """An instance of Postfix of its own, with its own queue."""

    def __init__(self, folder, settings, name):
        self.folder = pathlib.Path(folder) / name
        self.port = free_port()
        self.conf = self.folder / "conf"
        self.conf.mkdir(parents=True)
        # Postfix's own user must reach the queue through every folder above it.
        for above in [self.folder, *self.folder.parents]:
            if str(above) in ("/", "/tmp"):
                break
            above.chmod(above.stat().st_mode | 0o055)
        for part in ("queue", "data", "mail"):
            (self.folder / part).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        self.log = self.folder / "log"
        main = {
            "compatibility_level": "3.6",
            "myhostname": f"{name}.example",
            "mydestination": "",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "mynetworks": "127.0.0.0/8",
            "queue_directory": self.folder / "queue",
            "data_directory": self.folder / "data",
            "maillog_file": self.log,
            "maillog_file_prefixes": self.folder,
            "message_size_limit": 100_000_000,
            "mailbox_size_limit": 0,
            "virtual_mailbox_limit": 0,
            "alias_maps": "",
            "alias_database": "",
            "smtputf8_enable": "yes",
            "minimal_backoff_time": "1s",
            "queue_run_delay": "1s",
            "smtpd_client_restrictions": "",
            "smtpd_recipient_restrictions": "permit_mynetworks,reject",
            "smtp_dns_support_level": "disabled",
            "smtp_host_lookup": "native",
            "default_process_limit": 20,
            "strict_smtputf8": "no",
            "local_header_rewrite_clients": "",
            **settings,
        }
        (self.conf / "main.cf").write_text("".join(f"{k} = {v}\n" for k, v in main.items()))
        (self.conf / "master.cf").write_text(MASTER_CF.format(port=f"127.0.0.1:{self.port}"))
        for file in ("postfix-files", "postfix-files.d", "dynamicmaps.cf", "dynamicmaps.cf.d"):
            source = pathlib.Path("/etc/postfix") / file
            if source.is_dir():
                shutil.copytree(source, self.conf / file)
            elif source.exists():
                shutil.copy(source, self.conf / file)

    def start(self):
        self.process = Process(["postfix", "-c", self.conf, "start-fg"], self.folder / "out")
        wait_for(f"{self.folder.name} listens", lambda: listening(self.port), 30)
        return self

    def stop(self):
        subprocess.run(["postfix", "-c", self.conf, "stop"], capture_output=True, timeout=60)
        self.process.stop()

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def company_postfix(folder, relay, level="encrypt", wrapper=False):
    """The company's mail server: hands everything to the gateway."""
    return Postfix(folder, {
        "relayhost": f"[127.0.0.1]:{relay}",
        "smtp_tls_security_level": level,
        "smtp_tls_wrappermode": "yes" if wrapper else "no",
        "smtp_tls_loglevel": "1",
    }, "company" + ("-tls" if wrapper else ""))


class Mailboxes(Postfix):
    """The recipients' mail server, with a Maildir for each address."""

    def __init__(self, folder, addresses, tls=None, name="recipients", extra=None):
        import pwd
        nobody = pwd.getpwnam("nobody")
        settings = {
            "virtual_mailbox_domains": ", ".join(sorted({a.split("@")[1] for a in addresses})),
            "virtual_mailbox_base": pathlib.Path(folder) / name / "mail",
            "virtual_mailbox_maps": "static:all",
            "virtual_uid_maps": f"static:{nobody.pw_uid}",
            "virtual_gid_maps": f"static:{nobody.pw_gid}",
            "virtual_minimum_uid": "1",
        }
        if tls:
            settings |= {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": tls[0], "smtpd_tls_key_file": tls[1]}
        super().__init__(folder, settings | (extra or {}), name)
        maps = self.conf / "mailboxes"
        maps.write_text("".join(f"{a} {a}/\n" for a in addresses))
        text = (self.conf / "main.cf").read_text().replace("static:all", f"texthash:{maps}")
        (self.conf / "main.cf").write_text(text)
        shutil.chown(self.folder / "mail", "nobody")

    def raw(self, address):
        box = self.folder / "mail" / address / "new"
        return [p.read_bytes() for p in sorted(box.iterdir(), key=lambda p: p.stat().st_mtime_ns)] if box.is_dir() else []

    def mails(self, address):
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.raw(address)]

    def wait(self, address, count, seconds=60):
        def enough():
            mails = self.mails(address)
            return mails if len(mails) >= count else None
        return wait_for(f"{count} mails for {address}", enough, seconds)


def certificate(folder, name="recipients.example"):
    cert, key = pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


SPF = '"v=spf1 ip4:127.0.0.1 -all"'
# The company's own server may send for it: by its domain, and by its name where a mail has no sender.
COMPANY = {("acme.example", "TXT"): [SPF], ("company.example", "TXT"): [SPF], ("company-tls.example", "TXT"): [SPF]}


class Dns:
    """A DNS server with a zone given as {(name, type): [values]}, beside the company's own; both can be changed as it runs. It keeps what it
    was asked, fails for the names in `broken`, does not answer for those in `silent`, and says, if asked to, that it has validated what is
    below the names in `signed`."""

    def __init__(self, records=(), signed=(), port=None):
        from dnslib import QTYPE, RCODE, RR
        from dnslib.server import BaseResolver, DNSServer
        self.records = {**COMPANY, **dict(records)}
        self.broken, self.silent, self.asked = set(), set(), []
        dns = self

        class Zone(BaseResolver):
            def resolve(self, request, handler):
                reply = request.reply()
                name = str(request.q.qname).rstrip(".").lower()
                kind = QTYPE[request.q.qtype]
                dns.asked.append((name, kind))
                if name in dns.silent:
                    time.sleep(30)
                if name in dns.broken:
                    reply.header.rcode = RCODE.SERVFAIL
                    return reply
                known = dict(dns.records)
                for value in known.get((name, kind), []):
                    reply.add_answer(*RR.fromZone(f"{name}. 0 IN {kind} {value}"))
                if not reply.rr and not any(n == name or n.endswith("." + name) for n, _ in known):
                    reply.header.rcode = RCODE.NXDOMAIN
                below = any(name == top or name.endswith("." + top) for top in signed)
                wants = request.header.ad or any(a.rtype == QTYPE.OPT and a.edns_do for a in request.ar)
                reply.header.ad = int(below and bool(wants))
                return reply

        self.port = port or free_port()
        self.servers = [DNSServer(Zone(), port=self.port, address="127.0.0.1", tcp=tcp) for tcp in (False, True)]
        for server in self.servers:
            server.server.daemon_threads = True
            server.start_thread()

    def stop(self):
        for server in self.servers:
            server.stop()
            server.server.server_close()


@functools.cache
def company_dns():
    """The DNS server of every installation that has no other."""
    return Dns()


EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd:
    """Debian's clamd with a signature database of our own: it knows EICAR, and what it is taught."""

    # What makes it tell apart from clean what it cannot look into.
    ALERTS = "AlertEncrypted yes\nAlertExceedsMax yes\n"

    def __init__(self, folder, settings="", alerts=ALERTS):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.signatures = self.folder / "db"
        self.signatures.mkdir()
        self.socket = self.folder / "clamd.sock"
        (self.folder / "clamd.conf").write_text(
            f"LocalSocket {self.socket}\nDatabaseDirectory {self.signatures}\nForeground yes\n"
            f"StreamMaxLength 100M\nMaxFileSize 100M\nMaxScanSize 400M\nUser root\n{alerts}{settings}")
        self.known = {}
        self.learn("Eicar-Test-Signature", EICAR)
        self.process = None

    def learn(self, name, octets):
        """A signature of one file: its MD5 and length."""
        self.known[name] = f"{hashlib.md5(octets).hexdigest()}:{len(octets)}:{name}"
        (self.signatures / "own.hdb").write_text("".join(line + "\n" for line in self.known.values()))

    def start(self):
        self.process = Process(["clamd", "--config-file", self.folder / "clamd.conf"], self.folder / "log")
        wait_for("clamd answers", lambda: self.ask("PING") == "PONG", 60)
        return self

    def ask(self, command):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(self.socket))
            s.sendall(f"z{command}\0".encode())
            return s.makefile("rb").read().rstrip(b"\0\n").decode()
        return ""

    def reloads(self):
        """How often it has loaded its signatures anew since it was made."""
        return (self.folder / "log").read_text().count("Database correctly reloaded")

    def reload(self):
        before = self.reloads()
        assert self.ask("RELOAD") == "RELOADING"
        wait_for("clamd has reloaded", lambda: self.reloads() > before, 30)

    def send_signal(self, what):
        os.kill(self.process.popen.pid, what)

    def stop(self, how=signal.SIGTERM):
        if self.process:
            # One that stands still would not hear of its end.
            with contextlib.suppress(ProcessLookupError):
                self.send_signal(signal.SIGCONT)
            self.process.stop(how)
            self.process = None


def bodies(mail):
    """The text and the HTML of a delivered mail."""
    text = "".join(p.get_content() for p in mail.walk() if p.get_content_type() == "text/plain")
    html = "".join(p.get_content() for p in mail.walk() if p.get_content_type() == "text/html")
    return text, html


def link_in(mail):
    return re.search(r"https?://\S+?/d/[A-Za-z0-9_-]+", "\n".join(bodies(mail)))[0]
