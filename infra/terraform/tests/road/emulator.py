"""An emulator of AWS on loopback, for as long as a test holds it."""
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[4]
ACCOUNT = "111122223333"
REGION = "us-east-1"


def program():
    """The Python that has moto, or None: TRAILKEEP_PYTHON, or what `make setup` made."""
    python = pathlib.Path(os.environ.get("TRAILKEEP_PYTHON") or ROOT / ".venv/bin/python")
    return python if (python.parent / "moto_server").exists() else None


class Moto:
    """moto's server on a free port, in the account that the stand-in provider is in."""

    def __init__(self, log):
        script = pathlib.Path(__file__).with_name("moto_server.py")
        self.log = log.open("w+")
        self.process = subprocess.Popen([program(), script, "-H", "127.0.0.1", "-p", "0"], stdout=self.log, stderr=self.log,
                                        env={**os.environ, "MOTO_ACCOUNT_ID": ACCOUNT, "MOTO_S3_CUSTOM_ENDPOINTS": ""})
        self.address = None

    def listening(self):
        """127.0.0.1:PORT, once it says so."""
        said = re.search(r"Running on http://(127\.0\.0\.1:\d+)", pathlib.Path(self.log.name).read_text())
        if self.process.poll() is not None:
            raise RuntimeError(f"moto does not start:\n{pathlib.Path(self.log.name).read_text()}")
        self.address = said and said[1]
        return self.address

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
