"""The interface of the command line, pages and notebooks to a shop: load files, query metrics, forecast."""
