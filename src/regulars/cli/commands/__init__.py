"""The commands by what they are for. Signatures and help stand here; what is heavy is imported when a command runs."""
