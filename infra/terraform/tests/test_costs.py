"""The costs in the README are those that the script computes."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_the_table_of_costs_is_up_to_date():
    checked = subprocess.run([ROOT / "scripts/infra_costs.py", "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
