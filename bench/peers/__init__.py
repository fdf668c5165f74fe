"""Others doing the same work: pandas, polars, MetricFlow, and the SQL that everyone writes. Their answers must be ours."""
