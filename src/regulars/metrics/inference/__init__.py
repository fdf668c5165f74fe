"""How sure a value is, from samples of customers: intervals, errors of differences, and the distribution they rest on."""
