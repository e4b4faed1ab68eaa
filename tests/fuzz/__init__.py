"""Made-up input for everything that takes what others wrote: seconds in the suite, minutes by `make fuzz`."""
