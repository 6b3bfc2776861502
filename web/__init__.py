"""The page for browsers; its TypeScript is in `src`, its Python makes what both are held to."""
