"""What went wrong with a server, in one sentence a person can act on."""


class ServerFailure(Exception):
    """A server cannot be used; the message says which, why, and what to do about it."""
