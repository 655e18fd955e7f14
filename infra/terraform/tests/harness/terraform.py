"""Runs terraform offline against the stand-in provider. Nothing is written into the tree that is tested. Needs nothing but Python."""
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[4]
WORK = ROOT / ".infra"
START_LIMIT_SECONDS = 60


class Refused(Exception):
    """terraform ended with an error; the message is what it said."""


@contextlib.contextmanager
def provider(**environment):
    """A provider for any number of runs, on a free port: yields what TF_REATTACH_PROVIDERS has to hold."""
    with tempfile.TemporaryDirectory() as place:
        said = pathlib.Path(place) / "reattach.json"
        command = [WORK / "venv/bin/python", pathlib.Path(__file__).parent / "provider.py", said]
        process = subprocess.Popen(command, env={**os.environ, **environment})
        try:
            begun = time.monotonic()
            while not said.exists():
                if process.poll() is not None or time.monotonic() - begun > START_LIMIT_SECONDS:
                    raise Refused("the stand-in provider does not start: run scripts/setup_infra.sh")
                time.sleep(0.02)
            yield said.read_text()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


# Commands that take -state; it follows their words.
OF_A_STATE = {("apply",), ("console",), ("destroy",), ("import",), ("output",), ("plan",), ("refresh",), ("taint",), ("untaint",),
              ("state", "list"), ("state", "mv"), ("state", "replace-provider"), ("state", "rm"), ("state", "show")}


class Directory:
    """A directory with Terraform files. What terraform keeps of it lies below `data`."""

    def __init__(self, path, reattach, data=WORK / "data"):
        self.path = pathlib.Path(path).resolve()
        self.data = pathlib.Path(data) / hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        self.environment = {
            **os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0",
            "TF_DATA_DIR": str(self.data), "TF_REATTACH_PROVIDERS": reattach,
        }

    @property
    def state(self):
        return self.data / "applied.tfstate"

    def with_state(self, arguments):
        """The arguments, and where the state is kept if they do not say."""
        arguments = [str(argument) for argument in arguments]
        words = 2 if arguments[0] == "state" else 1
        named = any(argument.lstrip("-").split("=")[0] == "state" for argument in arguments if argument.startswith("-"))
        if arguments[0] == "show" and all(argument.startswith("-") for argument in arguments[1:]):
            return [*arguments, str(self.state)] if self.state.exists() else arguments
        if named or tuple(arguments[:words]) not in OF_A_STATE:
            return arguments
        return [*arguments[:words], f"-state={self.state}", *arguments[words:]]

    def command(self, *arguments):
        return ["terraform", f"-chdir={self.path}", *map(str, arguments)]

    def run(self, *arguments):
        """→ what it said; raises Refused with all of it when it failed"""
        __tracebackhide__ = True  # in a failed test, terraform's words say more than where it was called
        done = subprocess.run(self.command(*arguments), env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise Refused(f"terraform {' '.join(map(str, arguments))} in {self.path}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def init(self):
        return self.run("init", "-no-color", "-backend=false", "-input=false")

    def apply(self, *arguments):
        """→ the state as `terraform show -json` tells it"""
        self.run("apply", "-no-color", "-auto-approve", f"-state={self.state}", *arguments)
        return json.loads(self.run("show", "-no-color", "-json", self.state))

    def plan(self, *arguments):
        """→ the plan as `terraform show -json` tells it, beside the state of an apply before it"""
        plan = self.data / "plan"
        self.run("plan", "-no-color", f"-state={self.state}", f"-out={plan}", *arguments)
        return json.loads(self.run("show", "-no-color", "-json", plan))
