"""Witnesses: what they sign, how one decides, what of theirs is kept and shown."""
