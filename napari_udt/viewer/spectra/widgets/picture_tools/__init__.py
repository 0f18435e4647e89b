"""What the Spectra dock does on the pictures: maps over them, regions drawn on them."""
