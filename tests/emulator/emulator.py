#!/usr/bin/python3
"""Google's side of Cloud SQL, played on the loopback interface.

A metadata server, the part of the SQL Admin API that connectors use, and
the server-side proxy that demands the client certificates which that API
issued, and forwards to a real database.  For tests, and for development
without a network.
"""

import argparse
import errno
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import textwrap
import urllib.parse

import alloydb
import dataplane
import google
import identities
import oauth
import openssl
import pki
import proxies
import settings as settings_module
from control import Control
from journal import Journal
from settings import Settings, SettingsError
from web import WebServer


SERVER_PORT = 3307


class Fatal(Exception):
    pass


class Emulator:
    def __init__(self, options, specs):
        self.options = options
        self.folder, self.own_folder = self._make_folder(options.state)
        os.chmod(self.folder, 0o700)
        self.journal = Journal(
            os.path.join(self.folder, "log.jsonl") if options.log else None,
            sys.stderr if options.verbose else None)
        keys = pki.KeyStore(options.keys or os.path.join(self.folder, "keys"))
        files = pki.ChainFiles(os.path.join(self.folder, "chains"))
        self.settings = Settings([name for name, _, _ in specs])
        for name, _, patch in specs:
            self.settings.apply({"instances": {name: patch}})
        for patch in options.set:
            self.settings.apply(patch)
        self.settings.freeze_start()
        self.tokens = google.Tokens(options.token_lifetime,
                                    options.accept_token)
        self.accounts = oauth.Accounts(self.folder, keys)
        hosts = ["sqladmin.googleapis.com", "alloydb.googleapis.com",
                 "localhost", "127.0.0.1", "::1"]
        hosts += oauth.HOSTS
        hosts += [h for h in [options.host] + options.api_host
                  if h not in hosts]
        self.api_identity = identities.ApiIdentity(self.folder, keys, files,
                                                   hosts)
        self.instances = {}
        for name, where, _ in specs:
            self.instances[name] = self._instance(name, keys, files, where)
        self.planes = []
        self.servers = {}
        self.control = None
        self.proxy = None

    def _instance(self, name, keys, files, where):
        if alloydb.is_name(name):
            identity = alloydb.Identity(name, keys, files)
            return alloydb.Instance(identity, self.settings, *where,
                                    self.tokens)
        identity = identities.InstanceIdentity(name, keys, files)
        return google.Instance(identity, self.settings, *where)

    def _of(self, product):
        return {name: i for name, i in self.instances.items()
                if i.product == product}

    @staticmethod
    def _make_folder(state):
        if state:
            os.makedirs(state, mode=0o700, exist_ok=True)
            return os.path.abspath(state), False
        return tempfile.mkdtemp(prefix="fairlead-emulator-"), True

    def start(self):
        options = self.options
        for instance in self.instances.values():
            try:
                self.planes.append(dataplane.DataPlane(instance,
                                                       self.journal))
            except OSError as err:
                raise Fatal(self._bind_error(
                    err, instance.address, instance.port)) from None
            # Slow keys are made now and not in the first connection.
            instance.chain_file(self.settings.instance(instance.name))
            instance.identity.client_authority()
        self.api_identity.chain_file(self.settings.https()["cert"],
                                     self.settings.https()["key"])
        sql = google.SqlAdmin(self.settings, self.journal, self.tokens,
                              self._of("cloudsql"))
        alloy = alloydb.Admin(self.settings, self.journal, self.tokens,
                              self._of("alloydb"))

        def admin(request):
            return (alloy if alloy.mine(request) else sql)(request)

        metadata = google.Metadata(self.settings, self.journal, self.tokens,
                                   options.project, options.email)
        web = oauth.OAuth(self.settings, self.journal, self.tokens,
                          self.accounts, admin)
        self._listen("metadata", options.metadata_port, metadata)
        self._listen("api", options.api_port, web, self._wrap_api)
        self.proxy = proxies.Proxy(
            options.host, options.proxy_port, options.proxy_auth,
            self.settings, self.journal, self.servers["api"].address[:2])
        if options.http_api_port is not None:
            self._listen("http_api", options.http_api_port, admin)
        self.control = self._server(options.control_port, Control(self))
        self.adjust()

    @staticmethod
    def _bind_error(err, address, port):
        if err.errno == errno.EADDRINUSE:
            return (f"{address}:{port} is in use. Connectors insist on port "
                    "3307, so give each emulator an address of its own: "
                    "--address 127.0.0.2")
        return f"cannot listen on {address}:{port}: {err.strerror}"

    def _server(self, port, application, wrap=None):
        try:
            return WebServer(self.options.host, port, application, wrap)
        except OSError as err:
            raise Fatal(f"cannot listen on {self.options.host}:{port}: "
                        f"{err.strerror}") from None

    def _listen(self, name, port, application, wrap=None):
        self.servers[name] = self._server(port, application, wrap)

    def _wrap_api(self, sock, peer):
        """Runs in the connection's thread, before the first request."""
        now = self.settings.https()
        where = "%s:%d" % peer[:2]
        try:
            context = openssl.server_context(
                self.api_identity.chain_file(now["cert"], now["key"]),
                now["tls"], now["groups"], now["suites"])
            wrapped = context.wrap_socket(sock, server_side=True)
        except (OSError, openssl.Unsupported) as err:
            self.journal.add("api-tls-failed", peer=where, error=str(err))
            raise
        self.journal.add("api-tls", peer=where, version=wrapped.version(),
                         suite=wrapped.cipher()[0])
        return wrapped

    def adjust(self):
        """Opens and closes listeners as the settings say."""
        for name, server in self.servers.items():
            if self.settings.listening(name):
                server.open()
            else:
                server.close()
        for plane in self.planes:
            plane.adjust()

    def endpoints(self):
        """What the ready line says."""
        ready = {
            "ready": True, "pid": os.getpid(), "state": self.folder,
            "ca_file": self.api_identity.ca_file,
            "control": f"http://{self.control.hostport}",
            "metadata": self.servers["metadata"].hostport,
            "api": f"https://{self.servers['api'].hostport}",
            "proxy": self.proxy.hostport,
            "credentials": self.accounts.files,
            "instances": [{"name": i.name, "address": i.address,
                           "port": i.port} for i in self.instances.values()],
        }
        if "http_api" in self.servers:
            ready["http_api"] = f"http://{self.servers['http_api'].hostport}"
        return ready

    def stop(self):
        for server in self.servers.values():
            server.close()
        if self.control:
            self.control.close()
        if self.proxy:
            self.proxy.close()
        for plane in self.planes:
            plane.close()
        self.journal.close()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def parse_instance(text, options):
    """NAME[?key=value&...] -> (name, (address, port), settings)."""
    name, _, query = text.partition("?")
    address, port = options.address, options.server_port
    if alloydb.is_name(name):
        port = alloydb.PORT if port is None else port
    else:
        identities.split_name(name)
        port = SERVER_PORT if port is None else port
    patch = {"backend": options.backend}
    for key in ("server_cert", "server_key", "database_version"):
        if getattr(options, key) is not None:
            patch[key] = getattr(options, key)
    if options.cert_lifetime is not None:
        patch["cert_lifetime"] = options.cert_lifetime
    for key, value in urllib.parse.parse_qsl(query):
        if key == "address":
            address = value
        elif key == "port":
            port = int(value)
        else:
            try:
                patch[key] = json.loads(value)
            except ValueError:
                patch[key] = value
            if isinstance(settings_module.INSTANCE.get(key, [0])[0], str):
                patch[key] = value
    return name, (address, port), patch


def parse_patch(text):
    if text.startswith("@"):
        with open(text[1:]) as src:
            text = src.read()
    return json.loads(text)


def describe(table):
    """A settings table as the lines of a help text."""
    lines = []
    for key, value in table.items():
        if isinstance(value, tuple):
            default = json.dumps(value[0])
            value = f"{value[1]} [{default}]"
        lines += textwrap.wrap(f"{key:<18}{value}", 78,
                               initial_indent="  ",
                               subsequent_indent=" " * 20,
                               break_long_words=False,
                               break_on_hyphens=False)
    return "\n".join(lines)


EPILOG = """\
example: an app developed offline
  python3 emulator.py --backend /var/run/postgresql &
  (the line it prints names the endpoints; use them so)
  GCE_METADATA_HOST=METADATA fairlead --sqladmin-api-endpoint API \\
      --ca-file CA_FILE --port 5432 my-project:us-central1:orders -- ./app

The emulator prints one line of JSON when it is ready, and then serves until
SIGTERM or SIGINT. Go programs take the CA file in SSL_CERT_FILE, Node.js in
NODE_EXTRA_CA_CERTS.

misbehaviour
  --set takes the JSON that POST /control takes while it runs:
    --set '{"instance": {"server_cert": "expired"}}'
    --set '{"api": {"connectSettings": {"status": 503, "count": 2}}}'
    --set '{"metadata": {"token": {"delay": 2}}, "listen": {"api": false}}'
  An API or metadata operation takes one fault or a list of them; of a list
  the first that is neither delayed ("after") nor used up ("count") applies.

"""


def full_epilog():
    from control import __doc__ as control_doc
    return (EPILOG + "control port\n" + control_doc.split("\n\n", 1)[1]
            + "\ninstance settings [default]\n"
            + describe(settings_module.INSTANCE)
            + "\n\nserver_cert\n" + describe(identities.SERVER_CERTS)
            + "\n\nmdx_reply\n" + describe(alloydb.REPLIES)
            + "\n\nfaults of api and metadata operations\n"
            + describe(settings_module.FAULT)
            + "\n\n  api operations: " + ", ".join(settings_module.API_OPS)
            + "\n  metadata operations: "
            + ", ".join(settings_module.METADATA_OPS)
            + "\n  auth operations: " + ", ".join(settings_module.AUTH_OPS)
            + "\n  proxy operations: " + ", ".join(settings_module.PROXY_OPS)
            + "\n\nhttps settings [default]\n"
            + describe(settings_module.HTTPS) + "\n")


def parse_options(argv):
    parser = argparse.ArgumentParser(
        prog="emulator.py", epilog=full_epilog(),
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--instance", action="append", metavar="NAME[?KEY=VALUE&...]",
        help="PROJECT:REGION:INSTANCE, or AlloyDB's projects/P/locations/L/"
             "clusters/C/instances/I; may be given several times, with "
             "address, port or any instance setting as parameters "
             "[my-project:us-central1:orders]")
    add("--backend", default="127.0.0.1:5432", metavar="WHERE",
        help="the database: HOST:PORT, a Unix socket, or the folder of "
             "PostgreSQL's socket [127.0.0.1:5432]")
    add("--address", default="127.0.0.1",
        help="the instances' address [127.0.0.1]")
    add("--server-port", type=int, metavar="PORT",
        help="the instances' port; connectors know only 3307, and for "
             "AlloyDB 5433")
    add("--host", default="127.0.0.1",
        help="address of the HTTP servers [127.0.0.1]")
    for name, default in (("api", 0), ("http-api", None), ("metadata", 0),
                          ("control", 0), ("proxy", 0)):
        what = {"http-api": "the API without TLS as well",
                "api": "the API, HTTPS"}.get(name, f"the {name} server")
        add(f"--{name}-port", type=int, default=default, metavar="PORT",
            help=f"{what}; 0: any free port"
                 + ("" if default is None else " [0]"))
    add("--proxy-auth", default="", metavar="USER:PASSWORD",
        help="what the proxy, HTTP CONNECT and SOCKS5, asks for [nothing]")
    add("--api-host", action="append", default=[], metavar="NAME",
        help="one more name or address in the API's certificate")
    add("--project", default="my-project", help="the metadata's project")
    add("--email", default="app@my-project.iam.gserviceaccount.com",
        help="the metadata's service account")
    add("--token-lifetime", type=float, default=3600, metavar="SECONDS")
    add("--accept-token", action="append", default=[], metavar="TOKEN",
        help="a static access token that the API accepts")
    add("--state", metavar="DIR",
        help="where keys, certificates and the CA file are kept "
             "[a private folder, removed at the end]")
    add("--keys", metavar="DIR", help="another place for the cache of keys; "
        "several emulators may share it [STATE/keys]")
    add("--log", action="store_true",
        help="write the events to STATE/log.jsonl as well")
    add("--verbose", action="store_true",
        help="write the events to stderr as well")
    add("--ready-fd", type=int, metavar="FD",
        help="write the ready line there instead of stdout")
    add("--set", action="append", type=parse_patch, default=[],
        metavar="JSON|@FILE", help="settings to start with; see below")
    add("--server-cert", choices=list(identities.SERVER_CERTS),
        metavar="KIND")
    add("--server-key", choices=pki.KEY_TYPES)
    add("--cert-lifetime", type=int, metavar="SECONDS",
        help="of client certificates")
    add("--database-version", metavar="VERSION")
    return parser.parse_args(argv)


def announce(endpoints, fd):
    line = json.dumps(endpoints) + "\n"
    if fd is None:
        sys.stdout.write(line)
        sys.stdout.flush()
    else:
        os.write(fd, line.encode())
        os.close(fd)


def main(argv):
    options = parse_options(argv)
    # Blocked before any thread is made, so that all of them inherit it.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    emulator = None
    try:
        specs = [parse_instance(text, options) for text in
                 options.instance or ["my-project:us-central1:orders"]]
        emulator = Emulator(options, specs)
        emulator.start()
        announce(emulator.endpoints(), options.ready_fd)
        signal.sigwait(ends)
        return 0
    except (Fatal, SettingsError, ValueError) as err:
        print(f"emulator: {err}", file=sys.stderr)
        return 1
    finally:
        if emulator:
            emulator.stop()


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads may hang in a read; nothing of theirs is worth waiting for.
    os._exit(code)
