"""The log: a Merkle tree of salted leaves, its writer, its rows, its signed checkpoints."""
