"""What our implementation can be asked. Bytes are lower-case hex; tests/vectors/README.md describes each operation.

An operation takes the input's members and the engine, returns the output's, and raises what the rooms raise.
"""
