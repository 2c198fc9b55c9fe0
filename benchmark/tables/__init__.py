"""Tables: what columns mean, how values print, and the writer of CSV, Markdown and LaTeX."""
