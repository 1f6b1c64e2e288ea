"""PostgreSQL and Redis without an installation: real servers from Python wheels, in the portal's own folder.

`servers_in_use()` is the one door: whoever needs the servers holds a shared lock on them; the last one to let go stops
them. A holder that is killed loses its lock with its life, so nobody has to clean up after it: the next one finds the
servers running, or half-stopped, and carries on.
"""

from pmo_portal.embedded.failure import ServerFailure
from pmo_portal.embedded.home import Home
from pmo_portal.embedded.lease import servers_in_use

__all__ = ["Home", "ServerFailure", "servers_in_use"]
