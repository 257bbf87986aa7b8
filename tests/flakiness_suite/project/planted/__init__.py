"""Features whose flakiness is known; ``tests/flakiness_suite/table.py`` says what it is."""
