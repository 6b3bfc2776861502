"""Label photos, train the segmenter and the face finder, evaluate them."""
