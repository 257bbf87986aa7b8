"""The engine: discovers features, calls them in worker processes of their own, and yields one result each.

The decorator lives in ``feature``, what is asked of the engine in ``plan``, the parent's side in ``engine``, ``crew``
and ``worker_process``, the worker's side in ``worker``. What an iteration may change is set in ``conditions``,
``working_directory`` and ``load``, and a diagnosis tries features on the ``bench``. ``orchestrator`` is the door for
callers from Python.
Nothing is imported here, so that a worker loads only what it needs.
"""
