"""From places to pixels."""
