"""What only Ophiolite offers to Python programs. See `ophiolite.inspect` and `ophiolite.heap`."""
