"""What the operator allows: the policy file of a home, and its yes or no to what a job asks for."""
