"""``python -m aicmo_perf`` is ``aicmo-perf``."""

from aicmo_perf.cli import main

if __name__ == "__main__":
    main()
