"""Reports: builders say what a report says, renderers how it looks; all are functions from values to text.

A builder (``run_report``, ``history_report``, ``runs_report``, ``compare_report``, ``gate_report``) words, orders and
rounds values into a ``Document``; ``to_markdown`` and ``to_console`` only render it, so that they cannot disagree.
The machine formats (``to_json``, ``to_csv``, ``to_github``, ``to_junit``) are made from the same values. Nothing here
opens a file, a store or a terminal. Import the modules: the package itself imports nothing.
"""
