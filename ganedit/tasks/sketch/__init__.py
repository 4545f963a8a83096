"""Line drawings of photos."""
