"""Collector and auditor processes, each behind a door of a proxy, in the environment that the stack tells and in nothing else."""
import os
import signal
import subprocess

from road.emulator import REGION

# What stands for AWS: where it is, who one is there (an ECS task is told both by its own endpoint), and a free port for each process on one machine.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}


class Collector:
    """A process that works until it is ended: a collector, or an auditor that waits for its hour."""

    def __init__(self, program, environment, door, log):
        self.door, self.log = door, log
        stands_for_aws = {**CREDENTIALS, "TRAILKEEP_AWS_ENDPOINT": door.endpoint, "TRAILKEEP_LISTEN": "127.0.0.1:0"}
        with log.open("w") as said:
            self.process = subprocess.Popen([program], env={**stands_for_aws, **environment}, stdout=said, stderr=said, stdin=subprocess.DEVNULL)

    def said(self):
        return f"{self.log.name}:\n{self.log.read_text()}"

    def dies_at(self, when):
        """Has it killed when a certain call was answered, before it hears of the answer."""
        self.door.ring(when, self.process.kill)
        return self

    def died(self, within_s):
        """Waits for that."""
        assert self.door.rung.wait(within_s), f"it did not come to the call that kills it:\n{self.said()}"
        assert self.process.wait(within_s) == -signal.SIGKILL, self.said()

    def drained(self, within_s):
        """Has it drain, and answers its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def round_of_the_auditor(program, environment, door, log, within_s, **more):
    """One round; answers its exit code and what it said. `more`: variables besides, for a test."""
    stands_for_aws = {**CREDENTIALS, "TRAILKEEP_AWS_ENDPOINT": door.endpoint, "TRAILKEEP_LISTEN": "127.0.0.1:0"}
    with log.open("w") as said:
        done = subprocess.run([program, "--once"], env={**stands_for_aws, **environment, **more}, stdout=said, stderr=said, stdin=subprocess.DEVNULL, timeout=within_s, check=False)
    return done.returncode, log.read_text()


def environment_for_commands(address):
    """What the command line needs to ask the emulator."""
    return {"PATH": os.environ.get("PATH", ""), **CREDENTIALS, "TRAILKEEP_AWS_ENDPOINT": f"http://{address}"}
