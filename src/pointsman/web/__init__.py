"""What every HTTP door shares: bodies, parameters, errors, addresses, and the house behind the door."""
