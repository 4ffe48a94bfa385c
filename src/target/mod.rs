//! Where a run happens: the environment, the clock and the observations that a run works with.
