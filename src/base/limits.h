/*
 * limits.h - every size, count and waiting time that the program fixes.
 *
 * Units are in the names: _MAX counts items or bytes as the comment says, _MS
 * are milliseconds, _S seconds. No limit here has a value that means
 * "unlimited".
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

/* base */
#define ERROR_DETAIL_MAX 1024 /* bytes of explanation, NUL included */
#define LOG_LINE_MAX     1280 /* bytes of one log line, newline included */

/* configuration */
#define INSTANCES_MAX     32
#define LISTENERS_MAX     INSTANCES_MAX
#define INSTANCE_NAME_MAX 256   /* "project:region:instance", NUL included */
#define PATH_LEN_MAX      512   /* a path of ours, NUL included */
#define ENDPOINT_MAX      300   /* "https://" and an API host, NUL included */
#define CONFIG_FILE_MAX   65536 /* bytes of a --config-file */
#define FLAT_KEY_MAX      64    /* a name in it, NUL included */
#define FLAT_TOKENS_MAX   512   /* of one in JSON */
#define UIDS_MAX          32    /* of --allow-uid */
#define HOST_LEN_MAX      256   /* a DNS name or address, NUL included */

/* wire */
#define HTTP_HEAD_MAX    16384   /* bytes of a response head */
#define HTTP_HEADERS_MAX 64      /* fields of a response head */
#define HTTP_BODY_MAX    1048576 /* bytes of a response body, decoded */
#define HTTP_ASKED_MAX   4096    /* bytes of the head of a request to us */
#define HTTP_REQUEST_MAX 24576   /* bytes of a request: holds two tokens */
#define DNS_TEXTS_MAX    8       /* TXT records of one name that are read */
#define DNS_ANSWER_MAX   4096    /* bytes of a DNS response */
#define JSON_DEPTH_MAX   32
#define JSON_TOKENS_MAX  2048
#define DER_DEPTH_MAX    16

/* identity: what a fetcher tells the tunnel */
#define ADDRESS_MAX          256 /* an IP address or PSC name, NUL included */
#define ADDRESSES_MAX        4
#define NAMES_MAX            8     /* server names to accept */
#define ANCHORS_DER_MAX      16384 /* bytes: concatenated u16 length + DER */
#define ANCHORS_MAX          12    /* trust anchors of one instance */
#define CHAIN_DER_MAX        16384 /* bytes: concatenated u16 length + DER */
#define CHAIN_CERTS_MAX      8     /* client certificates, leaf first */
#define PRIVATE_KEY_DER_MAX  1280  /* RSA-2048 PKCS#1: 1191 to 1194 bytes */
#define PUBLIC_KEY_DER_MAX   294  /* RSA-2048 SubjectPublicKeyInfo, e = 65537 */
#define TOKEN_MAX            8192 /* an OAuth 2 token, NUL included */
#define DATABASE_VERSION_MAX 64   /* "POSTGRES_16", NUL included */

/* API and credentials */
#define API_TRIES             5 /* one call, HTTP 5xx only */
#define METADATA_TRIES        5
#define METADATA_CONNECT_MS   2000
#define REFRESH_TIMEOUT_MS    60000 /* default of --refresh-timeout */
#define METADATA_BACKOFF_MS   100   /* doubled with every try */
#define API_TARGET_MAX        2048  /* bytes of a request target */
#define API_ERROR_BODY_MAX    200   /* bytes shown of a body that is no JSON */
#define API_MESSAGE_MAX       1024  /* bytes of the API's own error message */
#define API_REASON_MAX        128
#define RESOLVE_NAMES_MAX     10    /* CNAMEs from a name to an instance */
#define COMMAND_TIMEOUT_MS    5000  /* one request of wait, shutdown, status */
#define COMMAND_POLL_MS       1000  /* between two of wait */
#define STATUS_TOKENS_MAX     16384 /* of /status */
#define RESOLVED_MAX          8     /* addresses of an endpoint to try */
#define CA_FILE_MAX           1048576 /* bytes */
#define KEY_THREAD_STACK      131072  /* bytes */
#define FETCHER_ALARM_GRACE_S 5       /* alarm() after the refresh timeout */
#define READER_ALARM_S        10      /* alarm() of reading files again */
#define CREDENTIALS_MAX       65536   /* bytes of a credentials file */
#define CREDENTIALS_TOKENS    256     /* values in one */
#define CREDENTIALS_TEXT_MAX  1024  /* an e-mail address, a URL; NUL included */
#define CREDENTIALS_KEY_MAX   8192  /* bytes of a private key's PEM */
#define STATIC_INFO_MAX       65536 /* a file of --static-connection-info */
#define SUBJECT_TOKEN_MAX     32768 /* of an identity provider, NUL included */
#define SERVICE_REQUEST_MAX   131072 /* bytes: a form with a subject token */
#define IMPERSONATION_LIFE_S  3600
#define JWT_LIFE_S            3600
#define JWT_BACKDATE_S        10 /* a server's clock may be behind ours */
#define CLOCK_SKEW_S          60 /* from here on worth a word */

/* proxies on the way to Google */
#define PROXY_AUTH_MAX 256  /* a user name or password, NUL included */
#define PROXY_HEAD_MAX 4096 /* bytes of a proxy's answer to CONNECT */

/* refresh (cloudsql.md 4.3: the connectors' constants) */
#define REFRESH_BUFFER_S          240
#define REFRESH_LIMIT_INTERVAL_MS 30000
#define REFRESH_LIMIT_BURST       2
#define QUESTION_LIMIT_INTERVAL_MS                                             \
	30000 /* init's own limiter, per instance                              \
	       */
#define QUESTION_LIMIT_BURST      6
#define REFRESH_BACKOFF_BASE_MS   1000  /* doubled with every failure ... */
#define REFRESH_BACKOFF_CAP_MS    60000 /* ... up to this */
#define REFRESH_RETRY_AFTER_MIN_S 30    /* after HTTP 429 */
#define REFRESH_RETRY_AFTER_MAX_S 3600
#define REFRESH_PATIENCE_MS       2000 /* a dial outlives a failure if the next */
				       /* question is this near */
#define REFRESH_LOST_MS           120000 /* a question without any answer, on top of */
					 /* --refresh-timeout */

/* metadata exchange */
#define EXCHANGE_RESPONSE_MAX 16384 /* bytes of a server's message */
#define EXCHANGE_POSTGRES_MAX 4096  /* ... that is PostgreSQL's instead */

/* tunnel */
#define DIAL_TIMEOUT_MS      30000 /* default of --dial-timeout */
#define KEEPALIVE_S          30
#define LISTEN_BACKLOG       1024
#define CONNECTIONS_MAX      4096
#define HALF_CLOSE_ANSWER_MS 3600000 /* since the last byte, for a server */
				     /* that answers a client which ended */
#define HALF_CLOSE_LINGER_MS 10000   /* ... for a client, after the server */
#define ACCEPT_PAUSE_MS      100     /* after EMFILE and its like */
#define SERVER_PROXY_PORT    3307    /* Cloud SQL, all engines */
#define ALLOYDB_PROXY_PORT   5433
#define ACCEPTS_PER_TURN     64
#define RELAY_ROUNDS_MAX     4     /* of one connection in one turn */
#define DRAIN_FINISH_MS      600   /* then the tunnel exits, whatever is open */
#define PROBE_QUIET_MS       500   /* a server that is silent so long took us */
#define EARLY_MAX            16384 /* bytes of a client kept for a second try */
#define BUFFERS_KEPT         2  /* record buffers kept when nobody uses them */
#define DESCRIPTORS_SPARE    32 /* standard streams, channels, listeners */
#define HTTP_CLIENTS_MAX     16
#define HTTP_CLIENT_MS       5000   /* for all of a request and its answer */
#define HTTP_ANSWER_HEAD     1024   /* bytes of an answer's head */
#define HTTP_ANSWER_MAX      262144 /* bytes of head and body */
#define LATENCY_BOUNDS       9
#define HISTORY_SLOTS        60
#define HISTORY_SLOT_MS      5000
#define FAILURE_REASONS_MAX  8       /* counted apart; the last: others */
#define FAILURE_TEXT_MAX     256     /* bytes of an error kept, NUL included */
#define UUID_TEXT_MAX        37      /* NUL included */
#define REFUSALS_MAX         256     /* clients being told, or lingering */
#define REFUSAL_TEXT_MAX     320     /* bytes, NUL included */
#define REFUSAL_WAIT_MS      5000    /* for a PostgreSQL client's first words */
#define REFUSAL_GUESS_MS     1000    /* for a client's of who knows what */
#define STARTUP_MESSAGE_MAX  10000   /* bytes; PostgreSQL's own limit */
#define PEER_LIST_MAX        4194304 /* bytes read of /proc/net/tcp */
#define LOOP_READY_MAX       64      /* descriptors handled in one turn */

/* TLS (RFC 8446 5.1, 5.2) */
#define TLS_PLAINTEXT_MAX          16384
#define TLS_RECORD_MAX             (5 + TLS_PLAINTEXT_MAX + 256)
#define TLS_HANDSHAKE_MAX          65536 /* bytes of the largest handshake message */
#define CERTIFICATE_EXTENSIONS_MAX 64    /* of one certificate */
#define TLS_HELLO_MAX              16384 /* bytes of any handshake message but */
					 /* Certificate and NewSessionTicket */
#define TLS_BUFFER_MAX             (4 * TLS_RECORD_MAX) /* bytes of records, each way */
#define TLS_FLIGHT_MAX             20480 /* bytes of the largest message we send */
#define TLS_PIECES_MAX             8 /* decrypted stretches handed out at once */
#define TLS_EXTENSIONS_MAX         64 /* in one extension block */
#define TLS_SERVER_CERTS_MAX       10 /* in the server's Certificate message */
#define TLS_TICKET_MAX             8192   /* bytes of a ticket worth keeping */
#define TLS_TICKET_LIFETIME_S      604800 /* seven days (RFC 8446 4.6.1) */
#define TICKETS_KEPT               4      /* of one instance */
#define TLS_QUIET_RECORDS_MAX      32     /* that carry no data, in a row */
#define TLS_TICKETS_MAX            16     /* without data between them */
#define TLS_REKEY_RECORDS                                                      \
	8388608 /* sent per key: 2^23; AES-GCM bears 2^24.5                    \
		 */

/* init */
#define START_QUIET_MS         10 /* a new app has the processor to itself */
#define REAP_PER_TURN          256
#define BACKOFF_BASE_MS        100
#define BACKOFF_CAP_MS         30000
#define BACKOFF_JITTER_PERCENT 25
#define HEALTHY_AFTER_MS       10000 /* a run this long resets the backoff */
#define STRAGGLER_GRACE_MS     500
#define STRAGGLERS_NAMED       8     /* in the log, when they are killed */
#define DRAIN_TIMEOUT_MS       800   /* tunnel: from IPC_DRAIN to SIGKILL */
#define CLOUD_RUN_STOP_MS      8000  /* default --stop-timeout on Cloud Run */
#define WAIT_READY_MS          60000 /* default of --wait-ready's DURATION */
#define KILL_WAIT_MS           1000  /* from SIGKILL until init goes on */
#define SHUTDOWN_REST_MS       1400  /* all stages after a --stop-timeout */
#define STOP_REPEAT_MS         10000 /* stop requests this near add up */
#define STOP_REQUESTS_KILL     3     /* so many of them kill the app */
#define FETCHER_KILL_GRACE_MS  2000  /* after the fetcher's own alarm */
#define CONTROL_PER_TURN       64    /* messages of the tunnel */
#define SIGNALS_PER_TURN       16
#define GROUPS_MAX             64      /* supplementary groups of --user */
#define ACCOUNT_FILE_MAX       1048576 /* bytes of /etc/passwd, /etc/group */
#define ENV_FILE_MAX           1048576 /* bytes of an --env-file */
#define ENV_FILE_LINES_MAX     4096    /* of all of them */
#define TUNNEL_UID             65533   /* of the tunnel with --user; one less */
				       /* where the app has this */
#define OPTION_TEXTS_MAX       64      /* values of one repeatable option */
#define LISTEN_PID_MAX         24      /* "LISTEN_PID=...", NUL included */
#define NOTIFY_ENTRY_MAX       64      /* "NOTIFY_SOCKET=...", NUL included */
#define NOTIFY_MESSAGE_MAX     4096    /* bytes of a datagram of the app */
#define NOTIFY_PER_TURN        16
#define NOTIFY_FD_MAX          1023
#define WATCHDOG_LATE_MS       1000 /* we overslept: the app did, too */
#define WATCHDOG_KILL_MS       5000 /* from SIGABRT to SIGKILL */
#define MEMORY_EVENTS_MAX      512  /* bytes of memory.events, NUL included */
#define EXEC_PATH_MAX          4096 /* bytes of DIR/COMMAND, NUL included */

#endif
