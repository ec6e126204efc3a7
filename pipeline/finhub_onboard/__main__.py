"""``python -m finhub_onboard`` is ``onboard``."""

from finhub_onboard.cli.main import main

if __name__ == "__main__":
    main()
