"Timings and the tables they print; nothing here is a test."
