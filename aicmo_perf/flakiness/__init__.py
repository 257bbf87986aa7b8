"""Whether a feature agrees with itself: iterations designed to provoke it, the cause, how sure that is, the record.

Nothing here starts a process or reads a file. ``design`` says what each iteration changes, ``diagnosis`` asks a
``Bench`` for trials until it knows what an outcome depends on, ``rates`` says how much was seen and what was not, and
``history`` reads the outcomes of many runs.
"""
