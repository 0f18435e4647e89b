"""Parts of the plot of spectra: the strip of differences, marks of outliers, the box that holds the curves."""
