"""Files of a simulated shop: Shopify's exports, or Regulars' own columns; true values in a hidden folder beside them."""
