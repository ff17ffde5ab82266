"""Settings to adapters: the only clock, the only place that knows modes."""
