"""Real processes, killed without warning: every order exists once all the same."""
