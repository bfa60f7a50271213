"""What people look at: tables, figures, pages. Plain data in, text or files out."""
