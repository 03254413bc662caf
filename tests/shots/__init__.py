"""What a newcomer sees: every page as a picture, to be looked at. `make shots`."""
