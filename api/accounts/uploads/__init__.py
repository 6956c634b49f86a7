"""Files that are put here, or to the store, ahead of the requests that use them."""
