"""One file a verb: its config, its function, its last line."""
