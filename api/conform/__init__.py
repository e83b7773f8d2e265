"""The conformance kit: cases that any implementation can be asked, the protocol to ask them, and our own answers."""
