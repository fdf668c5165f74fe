"""How every chart looks, and how it is written to a file."""
