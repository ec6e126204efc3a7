"""``python -m finhub_onboard.sandbox``: the practice bank as a process of its own.

Promises one JSON line on standard output when it listens, and nothing else there. Errors of usage go to standard
error with exit code 2.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.sandbox.server import serve
from finhub_onboard.sandbox.tls import tls_of


def main(arguments: list[str] | None = None) -> int:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m finhub_onboard.sandbox", description="A FinHub bank to practise on."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (default): a free one")
    parser.add_argument("--scenario", type=Path, help="what goes wrong, a TOML file")
    parser.add_argument("--shapes", choices=("runner", "older"), help="generation of answers; else the scenario's")
    parser.add_argument("--state", type=Path, help="keep the bank's state in this file")
    parser.add_argument("--tls-cert", type=Path, help="the bank's certificate (PEM): serve https")
    parser.add_argument("--tls-key", type=Path, help="its key, if it is not in the same file")
    parser.add_argument("--client-ca", type=Path, help="ask callers for a certificate of these CAs (mutual TLS)")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with the parent process")
    given = parser.parse_args(arguments)
    try:
        serve(
            host=given.host,
            port=given.port,
            scenario=given.scenario,
            shapes=given.shapes,
            state=given.state,
            until_stdin_closes=given.until_stdin_closes,
            tls=tls_of(given.tls_cert, given.tls_key, given.client_ca),
            announce=_announce,
        )
    except ConfigurationError as error:
        sys.stderr.write(f"Error: {error}\n" + (f"Hint: {error.hint}\n" if error.hint else ""))
        return int(error.exit_code)
    return 0


def _announce(base_url: str) -> None:
    sys.stdout.write(json.dumps({"base_url": base_url, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
