"""Annotations: events in recordings, read from and written to the files that coders use."""
