"""The ground: errors, files, progress, the process, seeds, plugins."""
