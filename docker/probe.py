"""Ask one of our processes how it is, from inside its container: exit code 0 when the answer is 200.

`python docker/probe.py http://127.0.0.1:8000/readyz`
"""

import os
import sys
import urllib.error
import urllib.request


def main(url: str) -> int:
    """Fetch the address as the proxy would: under a host name that the portal answers to."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0]
    request = urllib.request.Request(url, headers={"Host": host, "X-Forwarded-Proto": "https"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=4) as response:  # noqa: S310
            return 0 if response.status == 200 else 1
    except urllib.error.HTTPError as error:
        sys.stderr.write(error.read(1000).decode(errors="replace") + "\n")
    except OSError as error:
        sys.stderr.write(f"{error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
