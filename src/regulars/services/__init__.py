"""What the command line, pages and notebooks call: a shop opened to load files, to query metrics and to forecast."""
