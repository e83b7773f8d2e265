"""The edge: sockets, paths, environment variables and people."""
