"""What the tests share: simulators, labs, and computations by hand."""
