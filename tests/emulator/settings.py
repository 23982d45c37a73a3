"""How the emulator behaves: defaults, what may be set, and what is set.

One tree, changed by --set at the start and by POST /control at run time:

    {"instance":  {...},                 settings of every instance
     "instances": {"p:r:i": {...}},      settings of one
     "api":       {OP: fault},           SQL Admin API
     "metadata":  {OP: fault},           metadata server
     "auth":      {OP: fault},           token endpoint, STS, IAM credentials
     "proxy":     {OP: {"status": ...}}, HTTP CONNECT and SOCKS5
     "https":     {...},                 the API's TLS
     "listen":    {"api": false}}        refuse connections

An unknown key or a value of the wrong type is an error: a test that
misspells a fault must not pass because nothing happened.
"""

import copy
import threading

import alloydb
import identities
import pki

INSTANCE = {
    # what connectSettings says
    "database_version": ("POSTGRES_15", "engine, e.g. MYSQL_8_0"),
    "region": (None, "region to report; null: the one of the name"),
    "backend_type": ("SECOND_GEN", "backendType to report"),
    "ip_addresses": (None, "list of {type, ipAddress}; null: PRIMARY and "
                           "PRIVATE at the instance's address"),
    "dns_name": (None, "dnsName to report; null: none, or one made up if "
                       "the certificate needs it"),
    "dns_names": ([], "dnsNames to report: list of objects"),
    "custom_names": ([], "customSubjectAlternativeNames to report"),
    "psc": (False, "pscEnabled to report"),
    "ca_mode": ("GOOGLE_MANAGED_INTERNAL_CA", "serverCaMode to report"),
    "mdx": (False, "announce and answer the metadata exchange"),
    "public_ip": (True, "AlloyDB: report a public address as well"),
    "mdx_reply": ("ok", "AlloyDB: see the list below"),
    "mdx_error": ("permission denied", "AlloyDB: text of an ERROR reply"),
    "mdx_delay": (0, "AlloyDB: seconds before the reply"),
    "published_cas": ([0], "generations of the server CA in serverCaCert"),
    # client certificates
    "cert_lifetime": (3600, "seconds that a client certificate is valid "
                            "from now; negative: expired already"),
    # the server-side proxy
    "backend": ("127.0.0.1:5432", "HOST:PORT or a Unix socket's path"),
    "connect": ("accept", "accept, refuse (nobody listens), reset, silent"),
    "clients": ("accept", "accept, refuse (alert after the handshake), "
                          "close (EOF after the handshake, no alert)"),
    "iam_only": (False, "the database is reached only with a certificate that "
                        "carries a login token"),
    "client_ca": (0, "generation of the authority that issues client "
                     "certificates; those of the others are refused"),
    "server_cert": ("cn", "see the list below"),
    "server_key": ("rsa2048", "key of the server's certificate"),
    "server_ca": (0, "generation of the CA that signs it"),
    "tls": ("1.3", "1.3, or 1.2 for a server that knows nothing newer"),
    "groups": (None, "key exchange groups, e.g. P-256 (HelloRetryRequest "
                     "for clients that first offer X25519)"),
    "suites": (None, "TLS 1.3 cipher suites, colon separated"),
    "tickets": (2, "NewSessionTickets after the handshake"),
    "handshake_delay": (0, "seconds before the handshake is answered"),
    "judge_after": (None, "bytes that must come from the client, with those "
                          "of its handshake, before its certificate is read"),
    "reset_after": (None, "TCP reset once this many bytes were relayed"),
    "cut_after": (None, "EOF without close_notify after so many bytes"),
    "key_update_after": (None, "KeyUpdate (with a request for the client's) "
                               "whenever so many more bytes were sent"),
    "record_size": (None, "largest TLS record towards the client"),
    "drip": (None, "largest TCP segment towards the client"),
}

CHOICES = {
    "connect": ("accept", "refuse", "reset", "silent"),
    "clients": ("accept", "refuse", "close"),
    "server_cert": tuple(identities.SERVER_CERTS),
    "server_key": pki.KEY_TYPES,
    "tls": ("1.3", "1.2"),
    "mdx_reply": tuple(alloydb.REPLIES),
}

INTEGERS = ("cert_lifetime", "server_ca", "client_ca", "tickets",
            "judge_after", "reset_after", "cut_after", "key_update_after",
            "record_size", "drip")

HTTPS = {
    "cert": ("ok", "one of " + ", ".join(identities.ApiIdentity.CERTS)),
    "key": ("rsa2048", "one of " + ", ".join(pki.KEY_TYPES)),
    "tls": ("1.3", "1.3 or 1.2"),
    "groups": (None, "as for instances"),
    "suites": (None, "as for instances"),
}

FAULT = {
    "status": "HTTP status, with Google's error JSON as the body",
    "reason": "reason in that JSON (default: the usual one for the status)",
    "message": "message in that JSON",
    "retry_after": "value of a Retry-After header",
    "headers": "object of further response headers",
    "body": "this text instead of the body",
    "content_type": "Content-Type of the response",
    "html": "true: an HTML page as the body",
    "set": "object merged over the JSON answer; null removes a field",
    "broken": "true: the JSON stops in its middle",
    "pad": "white space before the JSON's end, in bytes: oversized body",
    "chunked": "true, or the size of the chunks, in bytes",
    "content_length": "a Content-Length that is so many bytes off",
    "until_close": "true: neither length nor chunks; the close ends it",
    "delay": "seconds before the response begins",
    "silence": "seconds of silence, then the connection is closed",
    "drip": "seconds between single bytes of the response",
    "close": "before: close instead of a response; mid-body: in its middle; "
             "reset: TCP reset in its middle",
    "after": "leave so many requests alone first",
    "count": "apply to so many requests, then to none",
}

API_OPS = ("connectSettings", "generateEphemeralCert",
           "resolveConnectSettings", "connectionInfo",
           "generateClientCertificate", "*")
METADATA_OPS = ("token", "project-id", "email", "universe-domain",
                "instance", "*")
AUTH_OPS = ("token", "sts", "iam", "subject", "*")
PROXY_OPS = ("connect", "socks5", "*")
LISTENERS = ("api", "http_api", "metadata")


class SettingsError(ValueError):
    pass


def _need(condition, text):
    if not condition:
        raise SettingsError(text)


def _check_instance(patch):
    _need(isinstance(patch, dict), "instance settings must be an object")
    for key, value in patch.items():
        _need(key in INSTANCE, f"no instance setting {key!r}")
        if key in CHOICES:
            _need(value in CHOICES[key],
                  f"{key} must be one of {', '.join(CHOICES[key])}")
        if key in INTEGERS and value is not None:
            _need(isinstance(value, int) and not isinstance(value, bool),
                  f"{key} must be an integer")
        if key == "published_cas":
            _need(isinstance(value, list)
                  and all(isinstance(n, int) for n in value),
                  "published_cas must be a list of integers")


def _check_https(patch):
    _need(isinstance(patch, dict), "https must be an object")
    for key, value in patch.items():
        _need(key in HTTPS, f"no https setting {key!r}")
        if key == "cert":
            _need(value in identities.ApiIdentity.CERTS,
                  f"no https cert {value!r}")
        if key == "key":
            _need(value in pki.KEY_TYPES, f"no https key {value!r}")
        if key == "tls":
            _need(value in CHOICES["tls"], "https tls must be 1.3 or 1.2")


def _check_fault(where, fault):
    """A fault, a list of faults (the first that applies is used), null."""
    if fault is None:
        return []
    faults = fault if isinstance(fault, list) else [fault]
    for item in faults:
        _need(isinstance(item, dict), f"{where}: a fault is an object")
        for key in item:
            _need(key in FAULT, f"{where}: no fault {key!r}")
        if "close" in item:
            _need(item["close"] in ("before", "mid-body", "reset"),
                  f"{where}: close is before, mid-body or reset")
    return copy.deepcopy(faults)


class Settings:
    def __init__(self, names):
        self._lock = threading.RLock()
        self.names = names
        self._start = None
        self._reset_to_defaults()

    def _reset_to_defaults(self):
        default = {key: value for key, (value, _) in INSTANCE.items()}
        self._instances = {n: copy.deepcopy(default) for n in self.names}
        self._faults = {"api": {}, "metadata": {}, "auth": {}, "proxy": {}}
        self._https = {key: value for key, (value, _) in HTTPS.items()}
        self._listen = {name: True for name in LISTENERS}

    def freeze_start(self):
        """What reset() goes back to."""
        with self._lock:
            self._start = copy.deepcopy(
                (self._instances, self._faults, self._https, self._listen))

    def reset(self):
        with self._lock:
            (self._instances, self._faults, self._https,
             self._listen) = copy.deepcopy(self._start)

    def apply(self, patch):
        """Checks all of the patch first: half a change helps nobody."""
        _need(isinstance(patch, dict), "settings must be an object")
        checked = []
        for key, value in patch.items():
            if key == "instance":
                _check_instance(value)
                checked += [(self._instances[n], value) for n in self.names]
            elif key == "instances":
                _need(isinstance(value, dict), "instances is an object")
                for name, one in value.items():
                    _need(name in self.names, f"no instance {name!r}")
                    _check_instance(one)
                    checked.append((self._instances[name], one))
            elif key in self._faults:
                checked.append((self._faults[key],
                                self._check_group(key, value)))
            elif key == "https":
                _check_https(value)
                checked.append((self._https, value))
            elif key == "listen":
                _need(isinstance(value, dict)
                      and all(n in LISTENERS for n in value),
                      f"listen has {', '.join(LISTENERS)}")
                checked.append((self._listen, value))
            else:
                raise SettingsError(f"no setting {key!r}")
        with self._lock:
            for target, change in checked:
                target.update(copy.deepcopy(change))

    @staticmethod
    def _check_group(group, value):
        ops = {"api": API_OPS, "metadata": METADATA_OPS, "auth": AUTH_OPS,
               "proxy": PROXY_OPS}[group]
        if value is None:
            return {op: [] for op in ops}
        _need(isinstance(value, dict), f"{group} must be an object")
        for op in value:
            _need(op in ops, f"{group} has {', '.join(ops)}; not {op!r}")
        return {op: _check_fault(f"{group}.{op}", fault)
                for op, fault in value.items()}

    def instance(self, name):
        with self._lock:
            return copy.deepcopy(self._instances[name])

    def https(self):
        with self._lock:
            return dict(self._https)

    def listening(self, listener):
        with self._lock:
            return self._listen[listener]

    def fault(self, group, op):
        """The fault for this one request, or an empty dict.  Counts."""
        with self._lock:
            for slot in (op, "*"):
                for item in self._faults[group].get(slot, ()):
                    if item.get("after", 0) > 0:
                        item["after"] -= 1
                        continue
                    if "count" in item:
                        if item["count"] <= 0:
                            continue
                        item["count"] -= 1
                    return dict(item)
        return {}

    def dump(self):
        with self._lock:
            return copy.deepcopy({
                "instances": self._instances, "https": self._https,
                "listen": self._listen, **self._faults})
