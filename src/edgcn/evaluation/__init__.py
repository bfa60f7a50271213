"""What features are worth: probes, protocols, metrics, rows."""
