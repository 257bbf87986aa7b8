"""Numbers in, values out: nothing here knows of runs, stores or command lines."""
