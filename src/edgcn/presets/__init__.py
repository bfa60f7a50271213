"""Data only: settings that belong together, and the data sets this project knows."""
