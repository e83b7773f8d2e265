"""Bodies on the wire, as the OpenAPI documents show them."""
