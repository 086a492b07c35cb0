"""What can be done with programmes: the only code that writes their tables."""
