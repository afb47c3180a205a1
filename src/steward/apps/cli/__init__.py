"""The command `steward`: each command parses, calls one flow, prints, exits."""
