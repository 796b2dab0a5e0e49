"""Memory does not grow with the mail: 8 mails of 39 MiB at once, received, deposited and relayed."""
import base64
import concurrent.futures
import os
import smtplib

import pytest

import harness
import mails

TO = "suzuki@recipient.example"


def large(number):
    # 39 MiB on the wire: base64 lines of 76 characters.
    octets = os.urandom(39 * 1024 * 1024 * 57 // 78 - 2000)
    return mails.multipart(mails.head(b"large %d" % number), [
        (b"Content-Type: text/plain; charset=UTF-8\r\n", b"see the file"),
        mails.attachment(b'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="large.bin"\r\n', octets)])


@pytest.mark.parametrize("count", [1, 8])
def test_peak_memory(folder, mailboxes, count, record_property):
    fubako = harness.Fubako(folder / f"memory-{count}", {
        "relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}, "gateway": {"workers": 8}}).start()
    try:
        batch = [large(n) for n in range(count)]
        assert all(38.9 * 2**20 < len(m) < 40 * 2**20 for m in batch)
        before = len(mailboxes.raw(TO))

        def send(mail):
            with smtplib.SMTP("127.0.0.1", fubako.starttls, timeout=300) as smtp:
                smtp.starttls()
                smtp.sendmail("tanaka@acme.example", [TO], mail)

        with concurrent.futures.ThreadPoolExecutor(count) as pool:
            list(pool.map(send, batch))
        mailboxes.wait(TO, before + 2 * count, 300)
        peak = fubako.peak_memory() / 1024
        print(f"\npeak resident memory with {count} mails of 39 MiB at once: {peak:.0f} MiB")
        record_property("peak_mib", peak)
        assert peak < 200
    finally:
        fubako.stop()


def test_many_small_deposits_do_not_grow_it(folder, mailboxes):
    fubako = harness.Fubako(folder / "memory-small", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}).start()
    try:
        before = len(mailboxes.raw(TO))
        def send(number):
            # Each a mail of its own: the same one again would be handled once.
            mail = mails.multipart(mails.head(b"small %d" % number), [mails.attachment(
                b'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="a.pdf"\r\n', mails.pdf())])
            with smtplib.SMTP("127.0.0.1", fubako.starttls, timeout=300) as smtp:
                smtp.starttls()
                smtp.sendmail("tanaka@acme.example", [TO], mail)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(60)))
        mailboxes.wait(TO, before + 120, 300)
        assert fubako.peak_memory() / 1024 < 200
    finally:
        fubako.stop()
