"""How pages are served, the same under `make run` and in a container; only the address differs (`--bind`)."""

import os

worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 60
graceful_timeout = 5
keepalive = 15
# A worker is renewed now and then, not all at once, so that no slow leak can ever add up.
max_requests = 20_000
max_requests_jitter = 2_000
# The workers' signs of life are files: in memory, so that a slow disk does not look like a hanging worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True
