"""The meaning of the numbers, as pure functions.

No Django, no clock, no database and no unseeded randomness in this package: everything a function
needs is an argument. The SQL that fills the derived tables is tested against the plain reference
here (`timeline`, `rollup`), and pages, exports and forecasts take their arithmetic from here.
"""
