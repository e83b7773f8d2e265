"""What follows from the entries in their order: who is known, with which keys, schemas, credentials."""
