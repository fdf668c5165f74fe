"""What the lines of a file come to: rows made in the pass that reads it, and the orders they belong to."""
