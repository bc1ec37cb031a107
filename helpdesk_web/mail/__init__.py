"""Mail that leaves: what it says (about_*), its envelope (compose), and its way out (deliver)."""
