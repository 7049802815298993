"""`lake dashboard`: the page of the reports and the running platform, served to this machine's browser."""
