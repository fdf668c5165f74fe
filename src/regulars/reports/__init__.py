"""Charts, and HTML pages of charts, rendered without a browser and without network access."""
