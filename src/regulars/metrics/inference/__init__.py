"""Statistical inference from buckets of customers: intervals, standard errors, Student's t."""
