"""The simulated shop as files: a shop's exports, or our own columns; with its truth in a hidden folder beside them."""
