"""The job's DirectRunner: micro-batches through the bounded graph on one machine (`run`)."""
