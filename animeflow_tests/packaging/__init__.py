"""Set-up, pins, the wheel and the cost of an import."""
