"""Sources of shop systems' exports."""
