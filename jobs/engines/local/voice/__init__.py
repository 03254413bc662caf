"""From a recording to the poses of a mouth."""
