"""From people and photographs to pictures of them."""
