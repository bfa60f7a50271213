"""Room 3: what frozen features are worth."""
