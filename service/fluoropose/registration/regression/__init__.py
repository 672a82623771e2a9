"""The networks' part: schedule, residuals, steps, and the bundle that holds them."""
