import pathlib
import shutil
import tempfile

import pytest

import harness

RECIPIENTS = [
    "suzuki@recipient.example", "sato@cc.example", "himitsu@bcc.example", "tanaka@acme.example", "alerts@acme.example",
]


@pytest.fixture(scope="session")
def folder():
    # Under /tmp: Postfix's users must be able to reach their queues.
    path = pathlib.Path(tempfile.mkdtemp(prefix="fubako-e2e-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def mailboxes(folder):
    server = harness.Mailboxes(folder, RECIPIENTS, tls=harness.certificate(folder)).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def fubako(folder, mailboxes):
    server = harness.Fubako(folder / "fubako", {"relay": {"smarthost": f"127.0.0.1:{mailboxes.port}"}}).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def company(folder, fubako):
    server = harness.company_postfix(folder, fubako.starttls).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def company_tls(folder, fubako):
    server = harness.company_postfix(folder, fubako.tls, wrapper=True).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser(folder):
    from browser import Browser
    browser = Browser(folder / "browser")
    yield browser
    browser.stop()
