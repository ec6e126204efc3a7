"""``python -m pipeline`` is ``onboard``."""

from pipeline.cli import main

if __name__ == "__main__":
    main()
