"""`lake contract`: what the contract changes, what the lake holds that it does not know, and what other tools read of it."""
