"""Where frames come from beyond files of images: cameras, streams, video, stdin."""
