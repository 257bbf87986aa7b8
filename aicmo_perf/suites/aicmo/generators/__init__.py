"""Five generators: each decides from a brief alone what is to be said, and leaves only the wording to a phraser.

Every module has a ``write_…`` that makes a typed output, and a ``check_…`` that looks at one and returns complaints.
Outputs carry the brief they answer, so that a check needs nothing else.
"""
