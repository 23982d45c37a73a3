"""What the emulator was asked and what became of it.

Every event is a flat dict with "seq", "time" and "event".  Events are kept
in memory for the control port and, on demand, written to a file as one JSON
object per line.  A counter per kind answers "how often" without a scan.
"""

import collections
import json
import threading
import time

# More than any test makes; a runaway client must not eat the machine.
MAX_EVENTS = 200_000


class Journal:
    def __init__(self, path=None, echo=None):
        self._lock = threading.Lock()
        self._events = collections.deque(maxlen=MAX_EVENTS)
        self._counts = collections.Counter()
        self._seq = 0
        self._file = open(path, "a", buffering=1) if path else None
        self._echo = echo

    def add(self, event, **fields):
        """Records an event; counts it as EVENT, and as EVENT.OP if it has
        an "op", and as EVENT.OP:STATUS if it has a "status" as well."""
        with self._lock:
            self._seq += 1
            entry = {"seq": self._seq, "time": round(time.time(), 6),
                     "event": event}
            entry.update(fields)
            self._events.append(entry)
            self._counts[event] += 1
            if "op" in fields:
                key = f"{event}.{fields['op']}"
                self._counts[key] += 1
                if "status" in fields:
                    self._counts[f"{key}:{fields['status']}"] += 1
            if self._file:
                self._file.write(json.dumps(entry) + "\n")
            if self._echo:
                print(json.dumps(entry), file=self._echo, flush=True)
        return entry["seq"]

    def events(self, since=0, event=None):
        with self._lock:
            return [e for e in self._events if e["seq"] > since
                    and (event is None or e["event"] == event)]

    def counts(self):
        with self._lock:
            return dict(self._counts)

    def clear(self):
        """Forgets events and counts; "seq" goes on."""
        with self._lock:
            self._events.clear()
            self._counts.clear()

    def close(self):
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None
