"""How much is taken of whom (spec RCV-RATE): over SMTP, from several addresses of the loopback network."""
import contextlib
import smtplib

import pytest

import harness
import mails


@pytest.fixture(scope="module")
def world(folder):
    dns = harness.Dns({("acme.example", "TXT"): ['"v=spf1 ip4:127.0.0.0/8 -all"']})
    server = harness.Fubako(folder / "rate", {
        "dns": {"servers": [f"127.0.0.1:{dns.port}"]}, "relay": {"smarthost": f"127.0.0.1:{harness.free_port()}"},
        "rate": {"sender_mails": 3, "section_recipients": 60, "address_mails": 6, "address_connections": 3, "address_failures": 5,
                 "exempt": ["127.0.0.1/32"]}}).start()
    yield server
    server.stop()
    dns.stop()


def connect(fubako, source):
    return smtplib.SMTP("127.0.0.1", fubako.starttls, timeout=60, source_address=(source, 0))


def send(fubako, sender, source="127.0.0.1", recipients=1):
    """The reply that ends it, as `250 2.0.0`."""
    with connect(fubako, source) as smtp:
        smtp.ehlo("client.example")
        code, text = smtp.mail(sender)
        if code == 250:
            for number in range(recipients):
                assert smtp.rcpt(f"u{number}@recipient.example")[0] == 250
            code, text = smtp.data(mails.head(b"rate", sender=sender.encode()) + b"\r\nhello\r\n")
    return f"{code} {text.split()[0].decode()}"


def greeting(fubako, source):
    """What a new connection is told first."""
    try:
        with contextlib.closing(connect(fubako, source)):
            return "220"
    except smtplib.SMTPConnectError as error:
        return f"{error.smtp_code} {error.smtp_error.split()[0].decode()}"


# spec: RCV-RATE
def test_a_sender_s_mails_an_hour(world):
    assert [send(world, "a@acme.example") for _ in range(4)] == ["250 2.0.0"] * 3 + ["451 4.7.1"]
    assert send(world, "A@ACME.example") == "451 4.7.1", "in capitals too"
    assert send(world, "b@acme.example") == "250 2.0.0"
    # What is forged in somebody's name is not counted as theirs.
    with connect(world, "127.0.0.1") as smtp:
        smtp.ehlo("client.example")
        for _ in range(5):
            smtp.mail("c@acme.example"), smtp.rcpt("u@recipient.example")
            assert smtp.data(mails.head(b"forged", sender=b"c@elsewhere.example") + b"\r\nhi\r\n")[0] == 550
    assert send(world, "c@acme.example") == "250 2.0.0"


# spec: RCV-RATE
def test_an_address_s_mails_an_hour(world):
    said = [send(world, f"{number}@acme.example", "127.0.0.5") for number in range(7)]
    assert said == ["250 2.0.0"] * 6 + ["451 4.7.1"]
    assert send(world, "6@acme.example", "127.0.0.6") == "250 2.0.0"


# spec: RCV-RATE
def test_an_address_s_connections_at_once(world):
    with contextlib.ExitStack() as open_ones:
        for _ in range(3):
            open_ones.enter_context(connect(world, "127.0.0.7"))
        assert greeting(world, "127.0.0.7") == "421 4.7.0"
        assert greeting(world, "127.0.0.6") == "220"
        for _ in range(5):
            open_ones.enter_context(connect(world, "127.0.0.1"))
    harness.wait_for("there is a place again", lambda: greeting(world, "127.0.0.7") == "220")


# spec: RCV-RATE
def test_an_address_that_only_fails_is_blocked(world):
    def failures(source, count):
        for _ in range(count):
            assert send(world, "a@elsewhere.example", source) == "550 5.7.1"

    failures("127.0.0.8", 4)
    assert send(world, "d@acme.example", "127.0.0.8") == "250 2.0.0"
    failures("127.0.0.8", 20)
    assert greeting(world, "127.0.0.8") == "220", "it sends for many, and none of them closes it for the others"
    failures("127.0.0.10", 5)
    assert greeting(world, "127.0.0.10") == "421 4.7.0" and greeting(world, "127.0.0.6") == "220"
    assert "blocked for a time" in world.log.read_text()
    failures("127.0.0.1", 10)
    assert greeting(world, "127.0.0.1") == "220", "an exempt one is not"


# spec: RCV-RATE
def test_a_connection_that_is_there_when_its_address_is_blocked_is_closed(world):
    with connect(world, "127.0.0.11") as smtp, connect(world, "127.0.0.11") as other, contextlib.suppress(smtplib.SMTPServerDisconnected):
        smtp.ehlo("client.example"), other.ehlo("client.example")
        said = []
        while len(said) < 20 and 421 not in said:
            code, _ = smtp.mail("c@acme.example")
            if code == 250:
                smtp.rcpt("u@recipient.example")
                code, _ = smtp.data(mails.head(b"forged", sender=b"c@elsewhere.example") + b"\r\nhi\r\n")
            said.append(code)
        assert said == [550] * 5 + [421], said
        with pytest.raises(smtplib.SMTPServerDisconnected):
            smtp.noop()
        # Nor does a genuine mail on one that was there before lift the block.
        code, text = other.mail("g@acme.example")
        assert code == 421 and b"Too many failures from your address" in text
    assert greeting(world, "127.0.0.11") == "421 4.7.0"


# spec: RCV-RATE
def test_bad_commands_block_too(world):
    for _ in range(5):
        with contextlib.suppress(smtplib.SMTPServerDisconnected, OSError), connect(world, "127.0.0.9") as smtp:
            for _ in range(30):
                code, text = smtp.docmd("NONSENSE")
                if code == 421:
                    break
            assert code == 421, text
    harness.wait_for("it is blocked", lambda: greeting(world, "127.0.0.9") == "421 4.7.0")


# spec: RCV-RATE
def test_a_section_s_recipients_an_hour(world):
    assert send(world, "e@acme.example", recipients=60) == "250 2.0.0"
    assert send(world, "f@acme.example") == "451 4.7.1"
    assert "more mail than an hour may have" in world.log.read_text()


# spec: RCV-RATE
@pytest.mark.parametrize("limit, another", [
    ("section_mails", None), ("section_recipients", None), ("sender_mails", {"sender": "b@acme.example"}), ("sender_recipients", {"sender": "b@acme.example"}),
    ("address_mails", {"source": "127.0.0.21"}), ("address_recipients", {"source": "127.0.0.21"})])
def test_each_limit_of_an_hour_by_itself(folder, limit, another):
    """Two mails to two recipients each are what it has room for; the next is for later, save from another sender or address where it is theirs."""
    dns = harness.Dns({("acme.example", "TXT"): ['"v=spf1 ip4:127.0.0.0/8 -all"']})
    server = harness.Fubako(folder / f"rate-{limit}", {
        "dns": {"servers": [f"127.0.0.1:{dns.port}"]}, "relay": {"smarthost": f"127.0.0.1:{harness.free_port()}"},
        "rate": {limit: 2 if limit.endswith("mails") else 4, "exempt": []}}).start()
    try:
        one = {"sender": "a@acme.example", "source": "127.0.0.20", "recipients": 2}
        assert [send(server, **one) for _ in range(3)] == ["250 2.0.0", "250 2.0.0", "451 4.7.1"]
        assert send(server, **one | {"sender": "c@acme.example", "source": "127.0.0.22"}) == ("250 2.0.0" if another else "451 4.7.1")
        if another:
            assert send(server, **one | another) == "250 2.0.0"
    finally:
        server.stop()
        dns.stop()
