"""What libraries would send is off in every process; tests/e2e/test_silence.py watches them."""

import subprocess
import sys

from api.silence import SWITCHES

SHOW = f"import api, os; print([os.environ[name] for name in {list(SWITCHES)}])"


def test_nothing_overrules_the_switches() -> None:
    """Importing `api` sets them, whatever the environment says."""
    environment = dict.fromkeys(SWITCHES, "0")
    done = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(list(SWITCHES.values()))
