"""Reading what other trackers export, without a database: files into rows, rows into issues, issues into histories."""
