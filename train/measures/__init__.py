"""What `evaluate` measures: one module for each measure, one function in each."""
