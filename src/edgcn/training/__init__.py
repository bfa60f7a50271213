"""The trainer: local batches, two views, loss, backward, step; its schedules and its state."""
