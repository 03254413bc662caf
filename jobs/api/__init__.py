"""The REST API: the wire contract and nothing else."""
