"""What a file says before anything is decoded: containers, packets, times, streams beside the film."""
