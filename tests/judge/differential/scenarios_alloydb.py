"""What alloydb-auth-proxy has, beyond what both products do."""
