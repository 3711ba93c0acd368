"""Azure Resource Manager as far as a tenant without subscriptions has it: what command lines ask before Graph."""
