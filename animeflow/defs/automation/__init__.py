"""Jobs, the sensor on the source, schedules."""
