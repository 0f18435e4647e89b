"""Reader studies: people judge real and transferred spectra or pictures without knowing which is which; several readers agree or do not."""
