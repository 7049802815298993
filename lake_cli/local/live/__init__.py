"""The platform that keeps running: `lake up`, `lake status`, `lake down`."""
