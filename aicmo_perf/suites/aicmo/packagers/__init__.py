"""Four packagers: each renders an outline into a file's bytes, and checks such bytes by opening them again.

The bytes depend on the outline alone: dates are the brief's, identifiers are derived from the content.
"""
