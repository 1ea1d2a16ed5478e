"""The fault campaign: kill -9 at many moments and hostile input; every rerun must end in the same bytes."""
