"""gRPC in front of the emulator's AlloyDB Admin API: the connector for Python
speaks nothing else. It runs with the connector's own packages, whose types
make the JSON of a request and read the JSON of an answer; it decides nothing.

    alloydb_bridge.py API_URL CA_FILE FOLDER

Prints its port; FOLDER/grpc.pem is then the certificate to believe in.
"""

import concurrent.futures
import datetime
import ipaddress
import json
import os
import ssl
import sys
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
import google.cloud.alloydb_v1beta as api
from google.protobuf import json_format
import grpc

SERVICE = "/google.cloud.alloydb.v1beta.AlloyDBAdmin/"
METHODS = {
    "GetConnectionInfo": (
        "GET", "/connectionInfo", api.GetConnectionInfoRequest,
        api.ConnectionInfo),
    "GenerateClientCertificate": (
        "POST", ":generateClientCertificate",
        api.GenerateClientCertificateRequest,
        api.GenerateClientCertificateResponse),
}


def certificate():
    """(key, certificate) as PEM, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bridge")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(),
        now - datetime.timedelta(hours=1), now + datetime.timedelta(days=1)
    ).add_extension(x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
    ).add_extension(x509.BasicConstraints(True, None), True
                    ).sign(key, hashes.SHA256())
    return (key.private_bytes(serialization.Encoding.PEM,
                              serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()),
            made.public_bytes(serialization.Encoding.PEM))


class Bridge(grpc.GenericRpcHandler):
    def __init__(self, url, ca_file):
        self.url = url
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(
                context=ssl.create_default_context(cafile=ca_file)))

    def service(self, details):
        found = METHODS.get(details.method.removeprefix(SERVICE))
        if not found:
            return None
        verb, path, asked, answered = found
        return grpc.unary_unary_rpc_method_handler(
            lambda message, context: self.ask(verb, path, message, answered,
                                              context),
            request_deserializer=asked.deserialize,
            response_serializer=answered.serialize)

    def ask(self, verb, path, message, answered, context):
        fields = json_format.MessageToDict(type(message).pb(message))
        url = f"{self.url}/v1beta/{fields.pop('parent')}{path}"
        body = json.dumps(fields).encode() if verb == "POST" else None
        headers = {k: v for k, v in context.invocation_metadata()
                   if k in ("authorization", "user-agent",
                            "x-goog-request-params")}
        try:
            with self.opener.open(urllib.request.Request(
                    url, body, {**headers, "Content-Type":
                                "application/json"}, method=verb),
                    timeout=30) as answer:
                return answered.from_json(answer.read(),
                                          ignore_unknown_fields=True)
        except urllib.error.HTTPError as err:
            error = json.load(err)["error"]
            context.abort(getattr(grpc.StatusCode, error.get("status", ""),
                                  grpc.StatusCode.UNKNOWN), error["message"])


def main(url, ca_file, folder):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Bridge(url, ca_file),))
    key, cert = certificate()
    with open(os.path.join(folder, "grpc.pem"), "wb") as out:
        out.write(cert)
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([(key, cert)]))
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
