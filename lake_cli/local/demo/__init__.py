"""`lake demo`: the whole platform, once through, with an account at the end."""
