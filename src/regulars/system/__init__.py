"""What differs by operating system (Linux, macOS, Windows): files, locks, signals, streams. Other folders are the same on all."""
