"""The disk that the process under test writes to: it ends the process at a named step, forgets what was not synced, fails and lies when told
(crates/faultdisk)."""
import json
import os
import pathlib
import subprocess

import harness

PROGRAM = pathlib.Path(os.environ.get("FUBAKO_TEST_FAULTDISK", harness.BINARY.with_name("fubako-faultdisk")))


class FaultDisk:
    """Mounted at a folder that is made for it. With `tracks`, what is not synced can be lost."""

    def __init__(self, folder, tracks=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.process = subprocess.Popen([PROGRAM, self.folder, *(["--tracks"] if tracks else [])],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "{}", "the disk cannot be mounted"

    def tell(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer
        return answer

    def set(self, on, path, when, then, nth=1, times=1):
        self.tell({"set": {"on": on, "path": path, "when": when, "nth": nth, "times": times, "then": then}})

    def clear(self):
        self.tell("clear")

    def look(self):
        """What was done and which points were reached since it was asked last."""
        answer = self.tell("look")
        return answer.get("done", []), answer.get("reached", [])

    def power_on(self, seed=None):
        """The power comes back; of what was not synced, what the dice of this seed say is left, or nothing. The process must be gone."""
        self.tell({"power-on": {"seed": seed}})

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.folder.rmdir()
