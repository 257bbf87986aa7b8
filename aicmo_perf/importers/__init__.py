"""Foreign formats become runs here, one module a format: ``parse(text) -> Run``."""
