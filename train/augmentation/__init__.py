"""What happens to a training picture: moved, covered, spoiled; scenes for the finder."""
