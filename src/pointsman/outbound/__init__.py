"""What leaves by HTTP: signed requests to the applications' own servers."""
