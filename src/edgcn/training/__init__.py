"""Room 2: the training loop, its schedules, and its state."""
