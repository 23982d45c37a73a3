"""Where access tokens come from, beside the metadata server.

The token endpoint (RFC 7523 with a service account's key, refresh tokens),
the Security Token Service (RFC 8693), generateAccessToken of the IAM
Credentials API, and an identity provider for workload identity federation.
One application; the requests' paths tell which is meant.
"""

import base64
import json
import re
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

import pki
from web import apply_fault, google_error, json_response, Response

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
PROJECT = "@my-project.iam.gserviceaccount.com"
KEY_ACCOUNT = "key" + PROJECT
USER = "user@example.com"
FEDERATED = "principal://emulator"
AUDIENCE = "//iam.googleapis.com/projects/123/locations/global/" \
    "workloadIdentityPools/pool/providers/emulator"
REFRESH_TOKEN = "1//emulator-refresh/token+with&signs"
CLIENT_SECRET = "emulator secret/+"
SUBJECT_TOKEN = "emulator.subject.token"
TOKEN_URI = "https://oauth2.googleapis.com/token"
# Who may become whom; anybody not here, nobody.
GRANTS = {
    "target" + PROJECT: {KEY_ACCOUNT, USER, FEDERATED, "hop1" + PROJECT,
                         "app" + PROJECT},
    "hop1" + PROJECT: {"hop2" + PROJECT},
    "hop2" + PROJECT: {KEY_ACCOUNT},
}
GRANT = "urn:ietf:params:oauth:grant-type:"


class Refused(Exception):
    def __init__(self, error, description, status=400):
        self.error = error
        self.description = description
        self.status = status


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Accounts:
    """Credentials to be given to clients, as files in a folder."""

    def __init__(self, folder, keys):
        self.key = keys.get("service account")
        self.key_id = "0a1b2c3d4e5f"
        self.files = {}
        pem = pki.key_pem(self.key).decode()
        values = {
            "service_account": {
                "type": "service_account", "project_id": "my-project",
                "private_key_id": self.key_id, "private_key": pem,
                "client_email": KEY_ACCOUNT, "client_id": "123",
                "token_uri": TOKEN_URI,
                "universe_domain": "googleapis.com"},
            "authorized_user": {
                "type": "authorized_user", "client_secret": CLIENT_SECRET,
                "client_id": "1.apps.googleusercontent.com",
                "refresh_token": REFRESH_TOKEN},
        }
        for name, value in values.items():
            path = f"{folder}/{name}.json"
            pki.write_private(path, json.dumps(value, indent=2).encode())
            self.files[name] = path


class OAuth:
    ROUTES = (("token", re.compile(r"/token$")),
              ("sts", re.compile(r"/v1/token$")),
              ("iam", re.compile(r"/v1/projects/-/serviceAccounts/"
                                 r"([^/:]+):generateAccessToken$")),
              ("subject", re.compile(r"/subject$")))

    def __init__(self, settings, journal, tokens, accounts, otherwise):
        self.settings = settings
        self.journal = journal
        self.tokens = tokens
        self.accounts = accounts
        self.otherwise = otherwise      # the application for other paths
        self.principals = {}            # access token -> who

    def __call__(self, request):
        for op, pattern in self.ROUTES:
            match = pattern.match(request.path)
            if match:
                return self._serve(op, match, request)
        return self.otherwise(request)

    def _serve(self, op, match, request):
        extra = {}
        try:
            response = getattr(self, "_" + op)(match, request, extra)
        except Refused as err:
            extra["refused"] = err.description
            if op == "iam":
                response = json_response(err.status, google_error(
                    err.status, err.description, err.error))
            else:
                response = json_response(err.status, {
                    "error": err.error,
                    "error_description": err.description})
        fault = self.settings.fault("auth", op)
        if fault:
            response = apply_fault(response, fault)
        self.journal.add("auth", op=op, status=response.status,
                         host=request.headers.get("Host"),
                         target=request.target, fault=bool(fault), **extra)
        return response

    def _issue(self, who, scopes):
        text, number = self.tokens.issue(scopes)
        self.principals[text] = who
        return text, number

    def _answer(self, who, scopes, extra):
        text, extra["token"] = self._issue(who, scopes)
        extra["who"], extra["scopes"] = who, list(scopes)
        return json_response(200, {
            "access_token": text, "token_type": "Bearer",
            "expires_in": int(self.tokens.lifetime) - 1})

    @staticmethod
    def _form(request):
        kind = request.headers.get("Content-Type", "")
        if request.method != "POST" \
                or not kind.startswith("application/x-www-form-urlencoded"):
            raise Refused("invalid_request", "POST a form")
        return dict(urllib.parse.parse_qsl(request.body.decode(),
                                           keep_blank_values=True))

    def _token(self, _, request, extra):
        form = self._form(request)
        extra["grant"] = form.get("grant_type", "").removeprefix(GRANT)
        if form.get("grant_type") == GRANT + "jwt-bearer":
            return self._jwt(form.get("assertion", ""), extra)
        if form.get("grant_type") != "refresh_token":
            raise Refused("unsupported_grant_type", "Invalid grant_type")
        if form.get("client_secret") != CLIENT_SECRET:
            raise Refused("invalid_client", "Unauthorized", 401)
        if form.get("refresh_token") != REFRESH_TOKEN:
            raise Refused("invalid_grant",
                          "Token has been expired or revoked.")
        extra["scope_asked"] = form.get("scope")
        return self._answer(USER, form["scope"].split()
                            if form.get("scope") else [CLOUD_PLATFORM], extra)

    def _jwt(self, text, extra):
        claims = self._verified(text)
        now = time.time()
        if claims.get("iss") != KEY_ACCOUNT:
            raise Refused("invalid_grant",
                          "Invalid grant: account not found")
        if claims.get("aud") != TOKEN_URI:
            raise Refused("invalid_grant", "Invalid JWT: Failed audience "
                          "check.")
        if not (claims["iat"] <= now + 300 and now - 30 < claims["exp"]
                and claims["exp"] - claims["iat"] <= 3600):
            raise Refused("invalid_grant", "Invalid JWT: Token must be a "
                          "short-lived token (60 minutes) and in a "
                          "reasonable timeframe. Check your iat and exp "
                          "values in the JWT claim.")
        if not claims.get("scope"):
            raise Refused("invalid_scope", "Invalid OAuth scope or ID token "
                          "audience provided.")
        return self._answer(KEY_ACCOUNT, claims["scope"].split(), extra)

    def _verified(self, text):
        try:
            signed, _, signature = text.rpartition(".")
            head, body = (json.loads(unb64(part))
                          for part in signed.split("."))
            assert "=" not in text and head["alg"] == "RS256"
            assert head.get("kid") in (None, "", self.accounts.key_id)
            self.accounts.key.public_key().verify(
                unb64(signature), signed.encode(), padding.PKCS1v15(),
                hashes.SHA256())
            return body
        except (InvalidSignature, AssertionError, ValueError, KeyError):
            raise Refused("invalid_grant",
                          "Invalid JWT Signature.") from None

    def _sts(self, _, request, extra):
        form = self._form(request)
        urn = "urn:ietf:params:oauth:token-type:"
        if form.get("grant_type") != GRANT + "token-exchange" \
                or form.get("requested_token_type") != urn + "access_token" \
                or form.get("subject_token_type") != urn + "jwt":
            raise Refused("invalid_request", "Invalid token exchange")
        if form.get("audience") != AUDIENCE:
            raise Refused("invalid_target", "The target service indicated "
                          'by the "audience" parameters is invalid.')
        if form.get("subject_token") != SUBJECT_TOKEN:
            raise Refused("invalid_grant", "ID Token issued for another "
                          "audience: " + form.get("subject_token", ""))
        extra["basic"] = "Authorization" in request.headers
        extra["options"] = form.get("options")
        return self._answer(FEDERATED, form["scope"].split(), extra)

    def _subject(self, _, request, extra):
        if request.headers.get("X-Emulator") != "yes":
            raise Refused("invalid_request", "X-Emulator is missing", 403)
        if request.query.get("format") == "text":
            return Response(200, f"{SUBJECT_TOKEN}\n".encode(), "text/plain")
        return json_response(200, {"value": SUBJECT_TOKEN})

    def _iam(self, match, request, extra):
        target = urllib.parse.unquote(match[1])
        asked = json.loads(request.body)
        token = request.headers.get("Authorization", "")[len("Bearer "):]
        _, why = self.tokens.check(token, (CLOUD_PLATFORM,))
        if why:
            raise Refused("authError", "Request had invalid authentication "
                          "credentials: " + why,
                          403 if why == "lacks the scope" else 401)
        caller = self.principals.get(token, "app" + PROJECT)
        hops = [d.removeprefix("projects/-/serviceAccounts/")
                for d in asked.get("delegates") or []]
        extra.update(caller=caller, delegates=hops, target_account=target,
                     quota=request.headers.get("X-Goog-User-Project"),
                     lifetime=asked.get("lifetime"))
        for hop in [*hops, target]:
            if caller not in GRANTS.get(hop, ()):
                raise Refused("forbidden", "Permission "
                              "'iam.serviceAccounts.getAccessToken' denied "
                              "on resource (or it may not exist).", 403)
            caller = hop
        text, extra["token"] = self._issue(target, asked["scope"])
        extra["scopes"] = asked["scope"]
        life = int(asked.get("lifetime", "3600s")[:-1])
        expiry = time.gmtime(time.time() + min(life, self.tokens.lifetime))
        return json_response(200, {
            "accessToken": text,
            "expireTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", expiry)})


HOSTS = ["oauth2.googleapis.com", "sts.googleapis.com",
         "iamcredentials.googleapis.com"]
