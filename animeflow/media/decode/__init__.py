"""The one place where pictures are decoded: numbered, timed, limited, counted."""
