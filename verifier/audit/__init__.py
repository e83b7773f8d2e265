"""The whole log checked again, by anyone, from files."""
