"""What in a log might be a secret, whoever wrote it there and however.

Keys, pre-shared keys, certificates and tokens have no words in them: in hex, in
base64 or as bytes they are long and irregular, and nothing else in a log is.
"""

import re

# 20 bytes and more; a secret of TLS has 32 at least.
HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[ :]?){20,}")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}")
# Access tokens, PEM and JWTs by their beginnings.
KNOWN = re.compile(r"ya29\.|-----BEGIN|eyJ[A-Za-z0-9_-]{8}")
# What else than printable ASCII a log may have: a name in it is somebody's.
BYTES = re.compile(r"[^\x20-\x7e\n\r\t]{4,}")


def irregular(text):
    """Random letters have all kinds in them; paths and names have not."""
    kinds = [r"[a-z]", r"[A-Z]", r"[0-9]"]
    return all(len(re.findall(kind, text)) >= 3 for kind in kinds)


def leaks(log):
    """The pieces of a log that no log should have."""
    found = [m[0] for m in HEX.finditer(log)
             if re.search("[0-9]", m[0]) and re.search("[A-Fa-f]", m[0])]
    found += [m[0] for m in BASE64.finditer(log) if irregular(m[0])]
    found += [log[m.start():m.start() + 60] for m in KNOWN.finditer(log)]
    found += [m[0] for m in BYTES.finditer(log)]
    return found
