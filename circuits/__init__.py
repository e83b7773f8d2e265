"""The proof system: what two parties must agree on, byte for byte."""
