"""The built-in engine: a face that speaks, on a CPU. `pipeline` is its table of contents."""
