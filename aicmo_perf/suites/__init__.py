"""Suites that ship with the tool: each is a package whose import declares its features."""
