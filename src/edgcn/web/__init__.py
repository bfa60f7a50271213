"""The studio: a page on this machine for people who code behavior; its server and its files."""
