"""The proof: renders a set of faces and voices, measures the mouths in the results and holds them against goals."""
