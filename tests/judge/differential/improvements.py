"""The differences that are meant, each with its reason. What is not here is
a bug of fairlead's, and what is here but does not show any more fails too.

Each line is a Better (compare.py): where, what, theirs, ours, why.
"""

from compare import Better
from side import ALLOYDB, CLOUDSQL

T = r"(<time> |\{.*)"
PACKET = r"E.*SFATAL\x00VFATAL\x00C(08006|53300)\x00Mfairlead: .*"

# What is said in other words where Go's libraries speak, or with more.
WORDS = [
    Better("refused: port that is no number", "stderr",
           r'.*for "-p, --port" flag: strconv.*',
           r'.*for "--port" flag: "five" is not a port.*',
           "Go's strconv speaks to programmers"),
    Better("refused: duration without a unit", "stderr",
           r".* time: missing unit .*", r".* write it with its unit.*",
           "it says what would be right"),
    Better(["refused: number that is none",
            "refused: flag that is neither true nor false"], "stderr",
           r".* strconv\..*", r'.* "[^"]*" is (not a|neither).*',
           "Go's strconv speaks to programmers"),
    Better(["refused: query: address and socket",
            "refused: query: port and socket",
            "refused: query: port and socket's path",
            "refused: query: two sockets"], "stderr",
           r"Error: cannot specify .* query params",
           r"Error: cannot specify .* query params \(.*\)",
           "of which instance"),
    Better("refused: query: bad port", "stderr",
           r".*not a valid integer: \"abc\"", r".* \(0 to 65535\)",
           "the range is said, and checked"),
    Better(["refused: query: two ports", "refused: query: two addresses",
            "refused: query: flag given twice"],
           "stderr", r".* should be only one value: .*",
           r".* should be only one value \(.*\)",
           "of which instance; theirs shows an empty list for a port"),
    Better("refused: query: broken escape", "stderr",
           r"Error: could not parse query: .*",
           r"Error: could not parse query: the value of port .* \(.*\)",
           "which parameter of which instance"),
    Better("refused: config file that is not there", "stderr",
           r".*: open .*: no such file or directory",
           r".*: could not open it: No such file or directory",
           "Go's words for a system's error"),
    Better("config file: broken", "stderr",
           r".*While parsing config: .*", r".*c\.toml:1: a value must be .*",
           "the line, and what would be right"),
    Better("*", "stderr",
           T + r"\[.*failed to connect to instance: .*googleapi: "
           r"(Error|got HTTP response code) 403.*",
           T + r"\[.*failed to connect to instance: .*googleapi: "
           r"(Error|got HTTP response code) 403.*; needed: .*",
           "what is missing: a role, or the API itself"),
    Better("fails: nobody at the instance", "stderr",
           r".*dial error: failed to dial .*: dial tcp "
           r"<instance>:\d+: connect: connection refused",
           r".*dial error: failed to dial .*: "
           r"<instance> port \d+: connect: Connection refused",
           "the system's words instead of Go's"),
    Better("fails: instance resets", "stderr",
           r".*dial error: (failed to dial|handshake failed) .*: "
           r"connection reset by peer",
           r".*dial error: (failed to dial|handshake failed) .*: "
           r"Connection reset by peer",
           "the system's words instead of Go's"),
    Better("fails: server certificate by another CA", "stderr",
           r".*handshake failed .*x509: certificate signed by unknown "
           r"authority", r".*handshake failed .*\): certificate signed by "
           r"unknown authority", "Go names its packages"),
    Better("fails: expired server certificate", "stderr",
           r".*handshake failed .*x509: certificate has expired or is not "
           r"yet valid.*", r".*handshake failed .*: certificate has expired",
           "which of the two it is"),
    Better("fails: nobody at the API", "stderr",
           r".*: dial tcp <api>: connect: connection refused",
           r".*: could not connect to <api>: connect: Connection refused",
           "the system's words instead of Go's"),
    Better("fails: half of the JSON", "stderr",
           r".*(unexpected end of JSON input|proto: unexpected EOF)",
           r".*is not valid JSON at byte \d+ of \d+: .*",
           "who answered, and with what"),
    Better("fails: an HTML page", "stderr",
           r"(<time> .* with body: )?<.*", r".* with body: <!DOCTYPE.*",
           "one line of log for one error, whatever the page has"),
    Better("fails: no token", "stderr",
           r".*metadata: GCE metadata .* not defined",
           r".*no default service account \(HTTP 404\): .*",
           "what to do about it"),
    Better("instance ends first", "stderr",
           r".*error reading from instance: read tcp .*connection reset.*",
           r".*error reading from instance: instance: Connection reset.*",
           "the system's words instead of Go's"),
    Better("wait in vain", "wait", r".*successfully\\n'\]",
           r".*successfully\\nlast try: .*", "why it was in vain"),
    Better("shutdown of nobody", "shutdown", r".*: dial tcp .*",
           r".*: could not connect to .* --quitquitquit\.\\n'\]",
           "which option the other one lacks, perhaps"),
    Better(["port in use", "same port twice", "address that is not ours"],
           "stderr",
           T + r"(\[.*\] could not|The proxy .*:) listen.*: bind: .*",
           T + r"The proxy has encountered a terminal error: unable to start:"
           r" \[.*\] Unable to mount socket: could not listen to .*",
           "one line instead of two, with a remedy"),
    Better("socket folder that is not there", "stderr",
           T + r"(\[.*could not mount unix socket|The proxy).*: stat .*",
           T + r"The proxy .*\(its parent must exist.*",
           "one line instead of two, with a remedy"),
    Better("socket path too long", "stderr",
           T + r".*: bind: invalid argument",
           T + r"The proxy .* has 1\d\d bytes and the kernel takes 107 .*",
           "one line instead of two, with a remedy"),
    Better(["HTTP port in use", "admin port in use"], "stderr",
           T + r"The proxy .*: failed to start HTTP server: listen tcp .*",
           T + r"The proxy .*: unable to start: failed to start (HTTP|admin) "
           r"server: could not listen .*", "found before it says ready"),
]

# What is said at all.
SENTENCES = [
    Better("*", "stdout",
           T + r"Sending SIG\w+ signal for proxy to shutdown\.?.*", None,
           "a message for debugging that is always shown; the next line says "
           "the same", of=(CLOUDSQL,)),
    Better("*", "stdout", T + r"(Error starting proxy|proxy server error): "
           r".*", None, "the same error is said on stderr", of=(CLOUDSQL,)),
    Better("*", "stderr", None, T + r"\[.*\] could not get an ephemeral "
           r"certificate: .*", "a failed refresh is said when it fails, not "
           "when somebody needs it"),
    Better("*", "stdout", None, T + r"\[.*\] trying once more with a new "
           r"ephemeral certificate: .*", "a refused certificate is renewed "
           "before the client is turned away"),
    Better(["HTTP port in use", "admin port in use"], "stdout",
           T + r"(The proxy has started|Starting health check|Enabling "
           r"quitquitquit).*", None, "it has not started"),
    Better(["HTTP port without a server", "metrics of a connection",
            "metrics of a failure", "metrics before any connection"],
           "stdout", None, T + r"Starting health check server at .*",
           "where the pages are, whichever they are"),
    Better("HTTP port without a server", "stdout",
           T + r"Ignoring --http-port because .*", None,
           "the status page is there"),
    Better("refused over the limit", "std*",
           T + r"max connections \(1\) exceeded.*",
           T + r"\[.*\] max connections \(1\) exceeded.*",
           "of which instance, and as the error that it is to a client"),
    Better("connection test passes", "stdout", None,
           T + r"\[.*\] connection test passed", "which instance"),
    Better(["connection test fails",
            "connection test fails at the instance"], "stderr",
           T + r"The proxy has encountered a terminal error: .*",
           T + r"\[.*\] connection test failed: .*", "which instance"),
    Better("telemetry is asked for", "stdout",
           T + r"Ignoring --.* (because|as) --telemetry-project was .*", None,
           "fairlead exports no telemetry at all: --help says so"),
]

# What happens.
BEHAVIOUR = [
    Better("*", "echo", r"<end>", PACKET,
           "the client's own log says why it was turned away"),
    Better("refused over the limit", "told", r"<end>", PACKET + "<end>",
           "the client's own log says why it was turned away"),
    Better("client shuts its half", "total", r"<end>", r"total 4<end>",
           "an answer on its way is delivered after the client's last byte"),
    Better(["connections left at the end",
            "connections cut without a delay"], "then", r"<end>",
           r"total 4<end>", "connections end in order: what the instance "
           "says last arrives"),
    Better(["connections left at the end", "connections cut without a delay",
            "quit with connections"], "stdout", None,
           T + r"\[.*\] instance closed the connection",
           "connections end in order: the instance does it last"),
    Better("variable that is no value", "*", r"(?s).*", r"(?s).*",
           "a variable that is mistyped is an error, not ignored in silence"),
    Better("config file: unknown key", "*", r"(?s).*", r"(?s).*",
           "a key that is mistyped is an error, not ignored in silence"),
    Better("socket left by a crash", "*", None, r"(?s).*",
           "a socket that nobody listens at is removed"),
    Better("socket left by a crash", "*", r"(?s).*: bind: address already in "
           "use", None, "a socket that nobody listens at is removed"),
    Better("socket left by a crash", "running", "False", "True",
           "a socket that nobody listens at is removed"),
    Better("fails: client certificate refused", "stderr",
           T + r".*(connection aborted - error (writing to|reading from) "
           r"instance: .*|failed to connect to instance: remote error: .*)",
           T + r".*failed to connect to instance: the server refused the "
           r"ephemeral certificate: .*", "the reason, and a second try"),
    Better("ends with SIGHUP", "*", "-1", "goes on|129",
           "SIGHUP reads the configuration again"),
    Better("ends with SIGHUP", "*", None, ".*",
           "SIGHUP reads the configuration again"),
    Better(["credentials: file *", "credentials: text *",
            "credentials: variable *"], "*", r"(?s).*", r"(?s).*",
           "credentials are read when they are used, and again at each "
           "refresh, so that they may come late and be replaced; what is "
           "wrong with them is said at the start"),
    Better(["credentials: file *", "credentials: text *",
            "credentials: variable *"], "*", None, r"(?s).*",
           "as above: it goes on"),
    Better("health pages", "GET /", "404", "200", "the status page"),
    Better("metrics of a connection", "metrics", None,
           r"(# (HELP|TYPE) .*_(dial|refresh)_failure_count.*|.*"
           r"_dial_failure_count\{.* 0)",
           "a counter exists before it counts: rate() needs its zero"),
    Better("wait with its variables", "wait", r"\[1, .*", r"\[0, '', ''\]",
           "every option has its variable, those of wait too"),
    Better("wait with a wrong flag", "wait", r".*unknown flag: --port.*",
           r".*command failed to complete.*",
           "wait takes the proxy's flags too, so that one list serves both"),
]

# What does not make sense where fairlead runs.
ABSENT = [
    Better("refused: gcloud and IAM login", "stderr", ".*",
           r"Error: --gcloud-auth is not supported: .*",
           "no gcloud in a container without a shell; the remedy is said"),
    Better("pprof is asked for", "status", "200", "404",
           "a profiler of Go programs"),
]

ONLY_CLOUDSQL = [
    Better("metrics of a failure", "errors",
           r'.*_refresh_failure_count\{.*_error_code="",.*', None,
           "a request that was cancelled because the other one had failed is "
           "no failure of its own"),
    Better("MySQL over the limit", "std*",
           T + r"max connections \(1\) exceeded.*",
           T + r"\[.*\] max connections \(1\) exceeded.*",
           "of which instance, and as the error that it is to a client"),
    Better("MySQL over the limit", "told", r"<end>",
           r".\x00\x00\x00\xff\x10\x04fairlead: max connections.*<end>",
           "the client's own log says why it was turned away"),
    Better("one bad instance with ports", "bad", r"<end>", r".*\x00\x00",
           "the client's own log says why it was turned away"),
    Better(["one bad instance without ports", "no engine no port",
            "one bad instance is skipped"], "stderr",
           T + r"\[.*\] could not resolve instance version: .*", None,
           "the line before it has the same reason"),
    Better(["one bad instance without ports", "no engine no port"], "stderr",
           T + r"The proxy has encountered a terminal error: .*", None,
           "the line before it has the same reason"),
    Better("one bad instance is skipped", "stderr",
           T + r"\[.*\] Unable to mount socket: failed to get instance.*",
           T + r"\[.*\] Unable to mount socket: its engine is not known "
           r"\(skipped.*", "the line before it has the reason"),
    Better("port in use is skipped", "stderr",
           T + r"\[.*(could not listen|Unable to mount).*: bind: address "
           r"already in use.*",
           T + r"\[.*Unable to mount socket: could not listen .*\(another "
           r"program listens there.*", "one line instead of two"),
    Better("refused: endpoint that is no URL", "stderr",
           r"Error: the value provided for .* is not a valid URL, :foo",
           r"Error: the value provided for .* is not a valid URL, :foo \(it "
           r"must begin with https://\)", "what would be right"),
    Better(["refused: query: private and automatic",
            "refused: query: private and PSC",
            "refused: query: PSC off and private"], "stderr",
           r"Error: cannot .*", r"Error: cannot .* \(.*\)",
           "of which instance"),
    Better("engine unknown", "*", r"(?s).*", None,
           "their port is the kernel's choice first and then 1, 2, ..."),
    Better("engine unknown", "*", None, r"(?s).*",
           "their port is the kernel's choice first and then 1, 2, ..."),
    Better("engine unknown", "*", r"143|True", r"1|False",
           "their port is the kernel's choice first and then 1, 2, ..."),
    Better("name: *", "*", r"(?s).*", None,
           "a name that cannot be one is refused at the start"),
    Better("name: *", "*", None, r"(?s).*",
           "a name that cannot be one is refused at the start"),
    Better("name: *", "exit", "143", "1",
           "a name that cannot be one is refused at the start"),
    Better("domain: CNAME records", "server names asked for",
           r"next\.example\.com", r"db\.example\.com",
           "DNS says which instance it is, not which name to trust: that is "
           "the one which was configured"),
    Better(["domain: a name that is not there",
            "domain: a TXT record that names no instance"], "stderr",
           T + r"\[.*\] failed to connect to instance: no DNS record found "
           r"for .* Lookup TXT error.*",
           T + r"\[.*\] failed to connect to instance: config error: no DNS "
           r"record found for .* expected a TXT record .*",
           "which record would be right"),
    Better("IAM login with SQL Server", "stderr",
           T + r"\[.*\] failed to connect to instance: SQLSERVER.*",
           T + r"\[.*\] failed to connect to instance: .*config error: "
           r"SQLSERVER.*", "in the words of all config errors"),
    Better("refused: query: SQL Data in capitals", "stderr",
           r"Error: sql-data query param should be .*",
           r"Error: .*sql-data is not supported.*",
           "SQL Data is not supported, in whatever letters"),
    Better("compute platform that is none", "*", r"(?s).*", r"(?s).*",
           "a label of metrics that are not exported"),
]
for _rule in ONLY_CLOUDSQL:
    _rule.of = (CLOUDSQL,)

ONLY_ALLOYDB = [
    Better("*", "stdout", T + r"Using API Endpoint .*", None,
           "it is the default, or on the command line"),
    Better("*", "stdout", r'\{.*accepted connection from .*\\n"\}',
           r'\{.*accepted connection from .*"\}', "a line's end is no text"),
    Better("readiness while draining", "new connection",
           "ConnectionRefusedError", "ping",
           "new connections are served until the last one has ended"),
    Better("metrics of a connection", "metrics",
           r".*_dial_latency_.*projects/.*",
           r'.*_dial_latency_.*_instance="my-project\.us.*',
           "one name for one instance: theirs has two, by metric"),
    Better("metrics of a failure", "errors",
           r".*_dial_failure_count\{.*projects/.*|.*_error_code="".*",
           r'.*_dial_failure_count\{.*_instance="my-project\.us.*|'
           r'.*_error_code="denied".*',
           "one name for one instance; and what kind of failure it was"),
    Better("fails: API disabled", "stderr", r"error details: .*", None,
           "one line of log for one error"),
    Better(["fails: no such instance", "fails: bad token",
            "fails: too many requests", "fails: bad request"], "stderr",
           r".*googleapi: Error 4\d\d: \w+", r".*Error 4\d\d: \w+, \w+",
           "the instance's URI as it was given, message and status"),
    Better("fails: instance ends after the handshake", "stderr",
           T + r"\[.*\] failed to connect to instance: .*",
           T + r"\[.*\] failed to connect to instance: .*",
           "the system's words instead of Go's"),
    Better("credentials: which are said", "stdout",
           T + r"Authenticating IAM database logins with the login .*", None,
           "which is what --login-token is for"),
    Better("asked before the first connection", "never: asked", "True", None,
           "the first connection does not wait for Google's answers"),
    Better("refused: gcloud and IAM login", "*", r"(?s).*", None,
           "no gcloud in a container without a shell; the remedy is said"),
    Better("refused: gcloud and IAM login", "stderr", None, r"<usage>",
           "no gcloud in a container without a shell; the remedy is said"),
]
for _rule in ONLY_ALLOYDB:
    _rule.of = (ALLOYDB,)

# Where fairlead is not better, and not yet the same either.
OPEN = [
    Better(["refused: IAM login with one token",
            "refused: login token alone"], "*", r"(?s).*", None,
           "since 2026 alloydb-auth-proxy takes --token for logins too, and "
           "ignores a login token that nobody needs; fairlead still refuses "
           "both", of=(ALLOYDB,)),
    Better(["refused: IAM login with one token",
            "refused: login token alone"], "*", None, r"(?s).*",
           "as above", of=(ALLOYDB,)),
    Better(["refused: IAM login with one token",
            "refused: login token alone"], "exit", "does not end", "1",
           "as above", of=(ALLOYDB,)),
]

IMPROVEMENTS = WORDS + SENTENCES + BEHAVIOUR + ABSENT + ONLY_CLOUDSQL \
    + ONLY_ALLOYDB + OPEN
