"""`lake demo --live`: the shop without end, an account of every message, and faults if they are wanted (`--chaos`)."""
