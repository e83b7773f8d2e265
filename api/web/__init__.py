"""What every request to either application meets, and the bodies it carries."""
