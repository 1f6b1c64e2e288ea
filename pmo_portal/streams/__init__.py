"""The stream process: carries 'something changed' from Redis to open pages (ADR on live streams)."""
