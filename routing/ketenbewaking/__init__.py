"""Chain watch: what is still expected of whom, since when, and until when it is in time."""
