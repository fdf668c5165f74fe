"""Which changes between two periods are real."""
