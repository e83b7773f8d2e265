"""HTTP towards the other party: bounded, retried, and the messages between the services."""
