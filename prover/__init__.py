"""The KYC provider: everything that touches a secret."""
