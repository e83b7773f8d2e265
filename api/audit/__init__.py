"""What an auditor does with files and processes: export, replay, check."""
