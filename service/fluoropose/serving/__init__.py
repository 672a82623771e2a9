"""Sessions served: cases in memory, frames scheduled fairly, results handed over."""
