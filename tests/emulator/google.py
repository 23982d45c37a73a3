"""The two HTTP services: metadata server and SQL Admin API.

Pure applications: Request -> Response, plus what they remember.  They know
tokens, instances and certificates; they know no socket.
"""

import json
import re
import secrets
import threading
import time
import urllib.parse

import pki
from web import Response, apply_fault, google_error, json_response

SCOPE = "https://www.googleapis.com/auth/"
CLOUD_PLATFORM = SCOPE + "cloud-platform"
ADMIN = (SCOPE + "sqlservice.admin", CLOUD_PLATFORM)
LOGIN = (SCOPE + "sqlservice.login", CLOUD_PLATFORM)


# Headers that clients have no use for, and meet in every real answer.
FURNITURE = {
    "Vary": "Origin, X-Origin, Referer",
    "Cache-Control": "private",
    "X-XSS-Protection": "0",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Alt-Svc": 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000',
}


def drop_authorization(headers):
    return {k: v for k, v in headers.items() if k.lower() != "authorization"}


class Tokens:
    """Access tokens that were issued, and static ones to accept as well."""

    def __init__(self, lifetime, accepted=()):
        self.lifetime = lifetime
        self._lock = threading.Lock()
        self._issued = {}
        # The log names tokens by number: static ones count down from -1.
        for number, text in enumerate(accepted, 1):
            self._issued[text] = (None, time.time() + 10 * pki.YEAR, -number)
        self._number = 0

    def issue(self, scopes):
        with self._lock:
            self._number += 1
            # Shaped like the real ones, trailing dots included.
            text = f"ya29.c.emulator-{self._number}-" \
                + secrets.token_urlsafe(96) + "..."
            self._issued[text] = (tuple(scopes),
                                  time.time() + self.lifetime, self._number)
            return text, self._number

    def check(self, text, wanted):
        """(number, None) if good for one of the scopes, else (None, why).
        Accepted static tokens have no scopes and are good for all."""
        with self._lock:
            entry = self._issued.get(text)
        if entry is None:
            return None, "was not issued here"
        scopes, expiry, number = entry
        if time.time() >= expiry:
            return None, "expired"
        if scopes is not None and not set(scopes) & set(wanted):
            return None, "lacks the scope"
        return number, None


class Metadata:
    """http://metadata.google.internal, as Cloud Run shows it."""

    ROOT = "/computeMetadata/v1/"
    ACCOUNT = re.compile(r"instance/service-accounts/([^/]+)/(\w*)$")

    def __init__(self, settings, journal, tokens, project, email):
        self.settings = settings
        self.journal = journal
        self.tokens = tokens
        self.project = project
        self.email = email

    def __call__(self, request):
        op, response, extra = self._route(request)
        fault = self.settings.fault("metadata", op)
        if fault:
            response = apply_fault(response, fault)
        response.headers.setdefault("Metadata-Flavor", "Google")
        response.headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        self.journal.add("metadata", op=op, status=response.status,
                         method=request.method, target=request.target,
                         peer=request.peer, connection=request.connection,
                         user_agent=request.headers.get("User-Agent"),
                         fault=bool(fault), **extra)
        return response

    def _route(self, request):
        if request.headers.get("Metadata-Flavor") != "Google" \
                and request.path != "/":
            return "no-flavor", _text("Missing Metadata-Flavor:Google "
                                      "header.\n", 403), {}
        if request.headers.get("X-Forwarded-For"):
            return "forwarded", _text("Forwarded request.\n", 403), {}
        if request.method not in ("GET", "HEAD"):
            return "method", _text("Method not allowed.\n", 405), {}
        path = request.path
        if path in ("/", "/computeMetadata", "/computeMetadata/"):
            return "ping", _text("computeMetadata/\n"), {}
        if not path.startswith(self.ROOT):
            return "unknown", _text("Not found.\n", 404), {}
        return self._entry(path[len(self.ROOT):], request)

    def _entry(self, name, request):
        fixed = {
            "": "instance/\nproject/\nuniverse/\n",
            "instance": "hostname\nid\nregion\nservice-accounts/\nzone\n",
            "project/project-id": self.project,
            "project/numeric-project-id": "123456789012",
            "instance/id": "1234567890123456789",
            "instance/region": "projects/123456789012/regions/us-central1",
            "instance/zone": "projects/123456789012/zones/us-central1-1",
            "universe/universe-domain": "googleapis.com",
            "instance/service-accounts": f"default/\n{self.email}/\n",
        }
        if name.rstrip("/") in fixed:
            slot = name.rstrip("/")
            return slot.rsplit("/", 1)[-1] or "root", _text(fixed[slot]), {}
        match = self.ACCOUNT.match(name)
        if not match or match[1] not in ("default", self.email):
            return "unknown", _text("Not found.\n", 404), {}
        return self._account(match[2], request)

    def _account(self, item, request):
        if item == "email":
            return item, _text(self.email), {}
        if item == "scopes":
            return item, _text(CLOUD_PLATFORM + "\n"), {}
        if item == "" and request.query.get("recursive", "").lower() \
                in ("true", "1"):
            return "account", json_response(200, {
                "aliases": ["default"], "email": self.email,
                "scopes": [CLOUD_PLATFORM]}), {}
        if item != "token":
            return "unknown", _text("Not found.\n", 404), {}
        asked = [s for s in request.query.get("scopes", "").split(",") if s]
        scopes = asked or [CLOUD_PLATFORM]
        text, number = self.tokens.issue(scopes)
        return item, json_response(200, {
            "access_token": text, "expires_in": int(self.tokens.lifetime) - 1,
            "token_type": "Bearer"}), {"scopes": scopes, "token": number}


def _text(body, status=200):
    return Response(status, body.encode(), "application/text")


class SqlAdmin:
    """https://sqladmin.googleapis.com, what connectors use of it."""

    ROUTES = (
        ("connectSettings", "GET", re.compile(
            r"/sql/v1(?:beta4)?/projects/([^/]+)/instances/([^/:]+)"
            r"/connectSettings$")),
        ("generateEphemeralCert", "POST", re.compile(
            r"/sql/v1(?:beta4)?/projects/([^/]+)/instances/([^/:]+)"
            r":generateEphemeralCert$")),
        ("resolveConnectSettings", "GET", re.compile(
            r"/sql/v1(?:beta4)?/locations/([^/]+)/dns/([^/:]+)"
            r":resolveConnectSettings$")),
    )

    def __init__(self, settings, journal, tokens, instances):
        self.settings = settings
        self.journal = journal
        self.tokens = tokens
        self.instances = instances      # connection name -> Instance

    def __call__(self, request):
        op, groups = self._match(request)
        extra = {"instance": None}
        if op is None:
            response = _error(404, "Not Found", "notFound")
            op = "unknown"
        else:
            response = self._answer(op, groups, request, extra)
        fault = self.settings.fault("api", op)
        if fault:
            response = apply_fault(response, fault)
        for name, value in FURNITURE.items():
            response.headers.setdefault(name, value)
        headers = drop_authorization(request.headers)
        self.journal.add("api", op=op, status=response.status,
                         method=request.method, target=request.target,
                         peer=request.peer, connection=request.connection,
                         nth=request.nth, headers=headers,
                         fault=bool(fault), **extra)
        return response

    def _match(self, request):
        for op, method, pattern in self.ROUTES:
            match = pattern.match(request.path)
            if match and method == request.method:
                return op, [urllib.parse.unquote(g) for g in match.groups()]
        return None, None

    def _answer(self, op, groups, request, extra):
        kind, _, token = request.headers.get("Authorization",
                                             "").partition(" ")
        number, why = self.tokens.check(token.strip(), ADMIN)
        if kind != "Bearer" or why:
            extra["refused"] = why or "no bearer token"
            if why == "lacks the scope":
                return _error(403, "Request had insufficient authentication "
                              "scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
            return _error(401, "Request had invalid authentication "
                          "credentials. Expected OAuth 2 access token, "
                          "login cookie or other valid authentication "
                          "credential.", "authError")
        extra["token"] = number
        if op == "resolveConnectSettings":
            found = [i for i in self.instances.values()
                     if groups[1].rstrip(".").lower() in i.all_dns_names()]
        else:
            found = [i for i in self.instances.values()
                     if [i.identity.project, i.identity.instance] == groups]
        if not found:
            return _error(404, "The Cloud SQL instance does not exist.",
                          "instanceDoesNotExist")
        instance = found[0]
        extra["instance"] = instance.name
        if op == "generateEphemeralCert":
            return self._certificate(instance, request, extra)
        value = instance.connect_settings()
        if op == "resolveConnectSettings":
            value["connectionName"] = instance.name
        return json_response(200, value)

    def _certificate(self, instance, request, extra):
        try:
            asked = json.loads(request.body)
            login = asked.get("access_token") or None
            extra["login"] = login is not None
            extra["pem_label"] = asked["public_key"].splitlines()[0]
            if login:
                number, why = self.tokens.check(login, LOGIN)
                extra["login_token"] = number
                if why:
                    raise ValueError(f"access_token {why}")
            cert = instance.identity.ephemeral(
                asked["public_key"], self.settings.instance(instance.name),
                login)
        except (ValueError, KeyError, AttributeError, IndexError) as err:
            extra["refused"] = f"{type(err).__name__}: {err}"
            return _error(400, f"Invalid request: {err}", "invalid")
        extra["serial"] = format(cert.serial_number, "x")
        return json_response(200, {"ephemeralCert": ssl_cert(
            cert, pki.cert_pem(cert).decode(), instance.identity.instance)})


def _error(status, message, reason):
    return json_response(status, google_error(status, message, reason))


def ssl_cert(cert, pem, instance):
    """The API's SslCert resource."""
    return {
        "kind": "sql#sslCert",
        "certSerialNumber": str(cert.serial_number),
        "cert": pem,
        "commonName": cert.subject.rfc4514_string(),
        "sha1Fingerprint": pki.fingerprint(cert),
        "instance": instance,
        "createTime": pki.rfc3339(cert.not_valid_before),
        "expirationTime": pki.rfc3339(cert.not_valid_after),
    }


class Instance:
    """One emulated instance: its settings and its certificates."""

    product = "cloudsql"

    # Certificates that carry the DNS name, so that the API must say it.
    NAMED = ("san", "san-dot", "both", "wrong-san", "wrong-both")

    def __init__(self, identity, settings, address, port):
        self.identity = identity
        self.name = identity.name
        self.settings = settings
        self.address = address
        self.port = port

    def dns_name(self, now=None):
        now = now or self.settings.instance(self.name)
        if now["dns_name"]:
            return now["dns_name"]
        if now["server_cert"] in self.NAMED:
            return f"0123456789ab.emulator.{self.identity.region}.sql.goog."
        return None

    def all_dns_names(self):
        now = self.settings.instance(self.name)
        names = [self.dns_name(now)] + now["custom_names"] \
            + [n.get("name") for n in now["dns_names"]]
        return {n.rstrip(".").lower() for n in names if n}

    def chain_file(self, now):
        return self.identity.chain_file(now, self.dns_name(now))

    def connect_settings(self):
        now = self.settings.instance(self.name)
        published = now["published_cas"]
        first = self.identity.server_authority(
            published[0] if published else 0).cert
        addresses = now["ip_addresses"]
        if addresses is None:
            addresses = [{"type": kind, "ipAddress": self.address}
                         for kind in ("PRIMARY", "PRIVATE")]
        value = {
            "kind": "sql#connectSettings",
            "serverCaCert": ssl_cert(first, self.identity.published(now),
                                     self.identity.instance),
            "ipAddresses": addresses,
            "region": now["region"] or self.identity.region,
            "databaseVersion": now["database_version"],
            "backendType": now["backend_type"],
            "pscEnabled": now["psc"],
            "serverCaMode": now["ca_mode"],
        }
        if self.dns_name(now):
            value["dnsName"] = self.dns_name(now)
        if now["dns_names"]:
            value["dnsNames"] = now["dns_names"]
        if now["custom_names"]:
            value["customSubjectAlternativeNames"] = now["custom_names"]
        if now["mdx"]:
            value["mdxProtocolSupport"] = ["CLIENT_PROTOCOL_TYPE"]
        return value
