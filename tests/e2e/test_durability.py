"""Never lost, never twice: the gateway is killed at every step that touches the disk or a peer, and loses power at every sync, while mails flow. What the sending clients
and the receiving server have decides (`ledger`). A run of minutes; `FUBAKO_TEST_KILLS`, `FUBAKO_TEST_LOSSES` and `FUBAKO_TEST_MAILS` make it longer."""
import collections
import os
import pathlib
import random
import shutil
import tempfile
import time

import pytest

import faultdisk
import harness
import ledger

KILLS = int(os.environ.get("FUBAKO_TEST_KILLS", "78"))
LOSSES = int(os.environ.get("FUBAKO_TEST_LOSSES", "28"))
MAILS = int(os.environ.get("FUBAKO_TEST_MAILS", "300"))
SEED = int(os.environ.get("FUBAKO_TEST_SEED", "1"))

OBJECT, WAL, DATABASE = "/var/files/*/*", "/var/fubako.db-wal", "/var/fubako.db"
# What the path of a mail does to the disk, and up to the how manieth from now on it may be: about what some mails do.
STEPS = {
    ("create", OBJECT + "#1"): 12, ("write", OBJECT + "#1"): 12, ("sync", OBJECT + "#1"): 12, ("rename", OBJECT): 12, ("sync-folder", "/var/files/*"): 12,
    ("write", WAL): 900, ("sync", WAL): 24, ("write", DATABASE): 20, ("sync", DATABASE): 1, ("remove", OBJECT): 6,
}
DISK = [(on, path, when) for on, path in STEPS for when in ("before", "after")]
SYNCS = [point for point in DISK if point[0] in ("sync", "sync-folder", "rename", "remove")]
PEERS = [*ledger.Sender.STEPS, *ledger.Receiver.STEPS]


@pytest.fixture(scope="module", autouse=True)
def can_mount(tmp_path_factory):
    """Without FUSE there is no disk to make faults on."""
    assert faultdisk.PROGRAM.exists(), "cargo build --workspace"
    try:
        faultdisk.FaultDisk(tmp_path_factory.mktemp("mount") / "disk").stop()
    except (AssertionError, OSError) as error:
        pytest.skip(f"no FUSE here (/dev/fuse, and fusermount3 where one is not root): {error}")



class Trial:
    """The gateway on a disk of ours, with clients and a receiving server that keep their own books."""

    def __init__(self, tracks=False, mails=MAILS):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fubako-trial-", dir="/tmp"))
        self.dice, self.kills, self.hit = random.Random(SEED), [], collections.Counter()
        self.points = ledger.Points()
        self.receiver = ledger.Receiver(self.points)
        self.disk = faultdisk.FaultDisk(self.folder / "disk", tracks)
        relay = {"smarthost": f"127.0.0.1:{self.receiver.port}"}
        self.fubako = harness.Fubako(self.folder / "fubako", {"relay": relay}, data_dir=self.disk.folder / "var").start()
        self.sender = ledger.Sender(self.points, self.fubako.tls, mails, receiver=self.receiver).start()

    @property
    def pid(self):
        return self.fubako.process.popen.pid

    def is_gone(self):
        return self.fubako.process.popen.poll() is not None

    def end_at(self, point, how):
        """Ends it (`kill`, `power-loss`) when it gets to the point; where it does not get there for long, right away. Then it is started again, and in one
        of four cases ended at the same point while it starts, if it gets there."""
        self._set(point, how)
        self._await_end()
        self._note(point, how)
        self.fubako.launch()
        if self.dice.random() < 0.25:
            self._set(point, how)
        harness.wait_for("it is ready or gone", lambda: self.is_gone() or self.fubako.is_ready(), 60)
        if self.is_gone():
            self._note(point, how)
            self.fubako.start()
        else:
            self._clear()

    def _set(self, point, how):
        if point in PEERS:
            self.points.set(point, self.pid, self.dice.randint(1, 6))
        else:
            on, path, when = point
            self.disk.set(on, path, when, {how: {"pid": self.pid}}, nth=self.dice.randint(1, STEPS[on, path]))

    def _clear(self):
        self.disk.clear()
        self.points.clear()

    def _await_end(self):
        end = time.monotonic() + 8
        while not self.is_gone() and time.monotonic() < end:
            time.sleep(0.005)
        if not self.is_gone():
            ledger.kill(self.pid)

    def _note(self, point, how):
        """It is gone, and the disk as it was left."""
        _, reached = self.disk.look()
        if reached:
            self.hit[point] += 1
        self._clear()
        self.fubako.stop()
        self.kills.append(time.monotonic())
        if how == "power-loss":
            self.disk.power_on(self.dice.choice([None, self.dice.randrange(1 << 60)]))

    def finish(self, seconds=120):
        """Lets everything come to its end, until nothing waits. `seconds`: in which something must come to its end, as long as anything waits."""
        self._clear()
        self.sender.enough(300)
        left, end = self.fubako.queue(), time.monotonic() + seconds
        while left:
            assert time.monotonic() < end, f"of {len(left)} that wait none came to its end in {seconds} s: {left[:5]}"
            time.sleep(0.5)
            now = self.fubako.queue()
            if len(now) < len(left):
                end = time.monotonic() + seconds
            left = now

    def account(self):
        self.hit.update(self.points.hit)
        return ledger.reconcile(self.sender, self.receiver, self.kills)

    def log(self):
        return self.fubako.log.read_text()

    def stop(self):
        self.sender.stop()
        self.fubako.stop()
        self.receiver.stop()
        self.disk.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def told(name, trial, account):
    sent = trial.sender
    print(f"\n{name}: {sent.acknowledged()} mails acknowledged ({sum(one.tries for one in sent.sent.values())} tries), {len(trial.kills)} times ended; {account.relayed} "
          f"relayed, {account.notices} notices, {account.told} told to the sender, {account.twice_as_may_be} twice where it could not know; "
          f"{len(account.lost)} lost, {len(account.doubled)} doubled")
    for point, times in sorted(trial.hit.items(), key=str):
        print(f"  {times:4} {point}")


def rounds(points, count, dice):
    """Each point as often as the others, in no order."""
    while count > 0:
        some = dice.sample(points, min(count, len(points)))
        count -= len(some)
        yield from some


# spec: RCV-DURABLE RCV-REPEAT MAIL-DEPOSIT MAIL-RELAY MAIL-BOUNCE
def test_killed_at_each_step_it_loses_nothing_and_does_nothing_twice():
    with Trial() as trial:
        for point in rounds([*DISK, *PEERS], KILLS, trial.dice):
            trial.end_at(point, "kill")
        trial.finish()
        account = trial.account()
        told("kills", trial, account)
        assert (account.lost, account.doubled) == ([], [])
        assert "panicked" not in trial.log()
        assert len(trial.hit) >= len([*DISK, *PEERS]) - 2, trial.hit


# spec: RCV-DURABLE
def test_without_power_at_each_sync_what_was_acknowledged_is_there():
    with Trial(tracks=True) as trial:
        for point in rounds(SYNCS, LOSSES, trial.dice):
            trial.end_at(point, "power-loss")
        trial.finish()
        account = trial.account()
        told("power losses", trial, account)
        assert (account.lost, account.doubled) == ([], [])
        assert "panicked" not in trial.log()


# spec: RCV-DURABLE (the ledger can fail)
def test_a_disk_that_lies_about_a_sync_is_found_out():
    with Trial(tracks=True, mails=40) as trial:
        for _ in range(8):
            trial.disk.set("sync", OBJECT + "#1", "before", "lie", times=1_000_000)
            trial.end_at(("sync", WAL, "after"), "power-loss")
        with pytest.raises(AssertionError, match="that wait none came"):
            trial.finish(20)
        account = trial.account()
        told("lies", trial, account)
        assert account.lost
