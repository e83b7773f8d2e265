"""The witness: a service that cosigns checkpoints of logs that only grow."""
