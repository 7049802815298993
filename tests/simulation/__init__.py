"""Lives of ingestions under a seeded scheduler that owns order, clock, redelivery, lost answers, faults of storage and death."""
