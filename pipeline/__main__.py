"""``python -m pipeline`` in a checkout is ``onboard``: this folder is the source root and is not installed."""

import os
import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parent)
sys.path.insert(0, ROOT)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))  # its processes, too

from finhub_onboard.cli.main import main  # noqa: E402 - found by what stands above

if __name__ == "__main__":
    main()
