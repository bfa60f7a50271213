"""From raw clips to an encoder's input; training, evaluation and recognition call the same."""
