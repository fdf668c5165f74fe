"""What settings are made of: the checks of their values, and the terms of subscriptions."""
