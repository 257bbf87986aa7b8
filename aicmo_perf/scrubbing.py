"""What may be taken out of an output before it is compared: times, uuids, addresses, paths."""
