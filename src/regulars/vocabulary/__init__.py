"""Words everyone uses: calendar and periods, money, units, the shop and its settings, errors."""
