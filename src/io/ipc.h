/*
 * ipc.h - everything that passes between init, tunnel and fetchers.
 *
 * Two AF_UNIX SOCK_SEQPACKET pairs per start of the tunnel, so that a message
 * is whole or absent:
 *
 *   control  init <-> tunnel    struct ipc_message, both ways
 *   answers  fetcher -> tunnel  struct ipc_identity, one per question
 *
 * init keeps the writing end of answers only to let fetchers inherit it. It
 * never reads one. All structs are flat and of fixed size; the three processes
 * are the same binary. Receivers check every field like any other input.
 */
#ifndef IO_IPC_H
#define IO_IPC_H

#include "base/error.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum ipc_kind {
	/* tunnel -> init */
	IPC_ASK_IDENTITY = 1, /* instance, public_key_len, public_key, flags */
	IPC_ENGINE,           /* instance, engine: where to listen is known */
	IPC_READY,            /* all that listen have had their identity */
	IPC_STARTUP_FAILED,   /* instance: its first identity failed */
	IPC_QUIT,             /* somebody asked /quitquitquit */
	IPC_TESTED,           /* flags: how many connection tests failed */
	IPC_GONE,             /* instance: taken out, and no connection left */
	/* init -> tunnel */
	IPC_LISTENER,       /* instance; its listening socket is attached, or
			     * nobody will listen for it */
	IPC_FETCHER_EXITED, /* instance, wait_status: no answer will come */
	IPC_DRAIN,          /* the app is gone: finish and exit 0 */
	IPC_INSTANCE,       /* instance; a pipe that holds its struct
			     * instance_config is attached */
	IPC_REFRESH,        /* ask for all identities again */
	IPC_KIND_END
};

enum ipc_engine {
	IPC_ENGINE_UNKNOWN,
	IPC_ENGINE_POSTGRES,
	IPC_ENGINE_MYSQL,
	IPC_ENGINE_SQLSERVER,
	IPC_ENGINE_END
};

/* What the server is told inside of TLS (tunnel/metadata_exchange.h). */
enum ipc_exchange {
	IPC_EXCHANGE_NONE,
	IPC_EXCHANGE_ANNOUNCE, /* the client's protocol, in front of its bytes
				*/
	IPC_EXCHANGE_TOKEN,    /* login_token, before anything else */
	IPC_EXCHANGE_END
};

/* ipc_message.flags of IPC_ASK_IDENTITY */
#define IPC_ASK_FRESH_TOKEN 0x1u /* the last token was refused (401) */
#define IPC_ASK_NAME        0x2u /* only where the DNS name leads */

struct ipc_message {
	uint32_t kind;     /* enum ipc_kind */
	uint32_t instance; /* index into config.instances */
	uint32_t engine;   /* enum ipc_engine */
	uint32_t flags;
	int32_t wait_status;  /* waitpid(2)'s */
	uint32_t patience_ms; /* IPC_DRAIN: how long connections may stay */
	uint32_t public_key_len;
	/* SubjectPublicKeyInfo DER; empty: the fetcher is to make a key. */
	uint8_t public_key[PUBLIC_KEY_DER_MAX];
};

/* How a fetch ended. The classes differ in what a retry is worth. */
enum ipc_result {
	IPC_RESULT_OK,
	IPC_RESULT_TEMPORARY, /* network, 5xx, 408: try again with backoff */
	IPC_RESULT_THROTTLED, /* 429: wait retry_after_s, at least 30 s */
	IPC_RESULT_DENIED, /* 401, 403, 404 and other 4xx: a person must act */
	IPC_RESULT_CONFIG, /* the configuration cannot work with this instance
			    */
	IPC_RESULT_END
};

struct ipc_address {
	char text[ADDRESS_MAX]; /* IPv4 or IPv6 */
	uint16_t port;
};

/*
 * What a dial needs. Certificates are DER, each behind its length as 16 bits,
 * big-endian. The private key is an RSAPrivateKey (PKCS#1) DER; it is empty
 * when the question carried a public key. On any result but IPC_RESULT_OK only
 * instance, result, retry_after_s, fresh_token_needed, reason and detail mean
 * something.
 */
struct ipc_identity {
	uint32_t magic; /* IPC_IDENTITY_MAGIC */
	uint32_t instance;
	uint32_t result; /* enum ipc_result */
	uint32_t retry_after_s;
	uint32_t engine; /* enum ipc_engine */
	uint8_t fresh_token_needed;
	uint8_t mdx; /* enum ipc_exchange */
	/* The server's name is its one address: a SAN iPAddress. */
	uint8_t name_is_address;
	/* Answer to IPC_ASK_NAME: of all below connection_name alone. */
	uint8_t name_only;
	uint8_t name_may_move; /* a DNS name that may come to lead elsewhere */
	uint16_t address_count;
	uint16_t name_count;
	uint16_t anchors_len;
	uint16_t chain_len;
	uint16_t private_key_len;
	uint16_t login_token_len;
	int64_t expires_s; /* wall clock: min(certificate, login token) */
	struct ipc_address addresses[ADDRESSES_MAX];
	/* SAN dNSName values to accept, without trailing dot */
	char names[NAMES_MAX][HOST_LEN_MAX];
	/* or this exact subject CN ("project:instance"); empty: none */
	char common_name[INSTANCE_NAME_MAX];
	/* What a DNS name led to; empty: no DNS name was given. */
	char connection_name[INSTANCE_NAME_MAX];
	char database_version[DATABASE_VERSION_MAX];
	uint8_t anchors[ANCHORS_DER_MAX];
	uint8_t chain[CHAIN_DER_MAX];
	uint8_t private_key[PRIVATE_KEY_DER_MAX];
	char login_token[TOKEN_MAX];
	char proxy[ADDRESS_MAX];     /* of the name in ALL_PROXY; empty: none */
	char reason[API_REASON_MAX]; /* the API's own word for that, or "" */
	char detail[ERROR_DETAIL_MAX]; /* why it failed, for the log */
};

#define IPC_IDENTITY_MAGIC 0x464c4931u /* "FLI1" */

/* A pair of connected SOCK_SEQPACKET sockets, close-on-exec. */
enum err ipc_pair(int fds[2]) NODISCARD;

/*
 * Send one control message; fd >= 0 is attached (the caller keeps it). Never
 * blocks: ERR_AGAIN when the queue is full, ERR_EOF when the peer is gone.
 */
enum err ipc_send(int channel, const struct ipc_message *m, int fd) NODISCARD;

/*
 * Receive one control message, never blocking. *fd is an attached descriptor
 * (close-on-exec, now the caller's) or -1. ERR_AGAIN: none there. ERR_EOF: the
 * peer is gone. ERR_PARSE: wrong size, kind, engine, instance (>= instances,
 * but for IPC_INSTANCE, which may add one) or key length; it was dropped.
 */
enum err ipc_receive(int channel, struct ipc_message *m, int *fd,
	uint32_t instances) NODISCARD;

/*
 * Send an identity, blocking for as long as the tunnel has no room; the
 * fetcher's alarm bounds it. ERR_EOF: the tunnel is gone.
 */
enum err ipc_send_identity(
	int channel, const struct ipc_identity *id) NODISCARD;

/*
 * Receive one identity, never blocking. ERR_AGAIN, ERR_EOF, and ERR_PARSE when
 * a length, count, string or index does not hold (*id is wiped then).
 */
enum err ipc_receive_identity(
	int channel, struct ipc_identity *id, uint32_t instances) NODISCARD;

#endif
