"""What Regulars can say about a shop: shapes of metrics, the catalogue by theme, and how a question is answered."""
