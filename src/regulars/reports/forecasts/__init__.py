"""A forecast in pictures: how far to trust it, what silence means, where the value lies."""
