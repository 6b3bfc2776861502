"""What every package agrees on: regions, the crop, arrays, files, errors."""
