"""What both products have: each scenario runs for each of them.

A scenario gets a side (side.py) and does the same with it whichever program
it is; what it sees is compared. Both outputs, every sentence once, are seen
in all of them.
"""

import signal

from compare import scenario

# The command line is refused: the exit code and what is said.
REFUSED = {
    "no instance": [],
    "unknown flag": ["--nope", "I"],
    "unknown short flag": ["-z", "I"],
    "flag without its value": ["I", "--port"],
    "port that is no number": ["--port", "five", "I"],
    "address that is no address": ["--address", "localhost", "I"],
    "duration without a unit": ["--max-sigterm-delay", "30", "I"],
    "number that is none": ["--max-connections", "-1", "I"],
    "flag that is neither true nor false": ["--health-check=perhaps", "I"],
    "two credentials": ["--token", "x", "--credentials-file", "y", "I"],
    "credentials twice": ["--credentials-file", "y", "--json-credentials",
                          "{}", "I"],
    "gcloud and token": ["--gcloud-auth", "--token", "x", "I"],
    "gcloud and a file": ["--gcloud-auth", "--credentials-file", "x", "I"],
    "gcloud and IAM login": ["--gcloud-auth", "--auto-iam-authn", "I"],
    "IAM login with one token": ["--auto-iam-authn", "--token", "x", "I"],
    "login token alone": ["--login-token", "x", "I"],
    "query: address and socket": ["I?address=127.0.0.1&unix-socket=/tmp"],
    "query: port and socket": ["I?port=5000&unix-socket=/tmp"],
    "query: bad port": ["I?port=abc"],
    "query: bad address": ["I?address=nowhere"],
    "query: two ports": ["I?port=1&port=2"],
    "query: two addresses": ["I?address=127.0.0.1&address=127.0.0.2"],
    "query: bad flag": ["I?auto-iam-authn=maybe"],
    "config file of an unknown kind": ["--config-file", "/dev/null", "I"],
    "config file that is not there": ["--config-file", "/nowhere/x.toml",
                                      "I"],
}


def refused(arguments):
    def action(side):
        side.run(*(side.instance + a[1:] if a[:1] == "I" else a
                   for a in arguments))
    return action


for _name, _arguments in REFUSED.items():
    scenario(name=f"refused: {_name}")(refused(_arguments))


@scenario()
def one_connection(side):
    port = side.port("port")
    side.start("--port", port)
    side.see("echo", side.echo(port))
    side.await_log("client closed the connection")
    side.stop()


@scenario()
def ends_with_SIGINT(side):
    side.start("--port", side.port("port"))
    side.stop(signal.SIGINT)
