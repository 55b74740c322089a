"""What leaves the server by itself: callbacks to the URLs that workspaces and workflows name."""
