"""Fast equals of the plain layers, and their gradients."""
