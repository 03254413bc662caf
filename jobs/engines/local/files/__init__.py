"""Opening and writing: recordings, pictures, videos, and the finished file."""
