"""What is logged: the kinds of entries and their one canonical form."""
