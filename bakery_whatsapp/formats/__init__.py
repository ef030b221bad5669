"""How dates and times are written where nothing else says so: day, month in letters, 24 hours, never 11/12/2026."""
