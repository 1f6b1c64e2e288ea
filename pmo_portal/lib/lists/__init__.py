"""One engine for every list: docs/lists.md shows how to declare one."""
