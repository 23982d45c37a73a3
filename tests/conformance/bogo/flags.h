/*
 * flags.h - what the runner asks of the shim on its command line: flags that
 * the shim follows, flags that change nothing for this client, and flags that
 * ask for what this client does not do, each with the reason.
 */
#ifndef BOGO_FLAGS_H
#define BOGO_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flags {
	uint64_t port;
	uint64_t shim_id;
	bool ipv6;
	uint64_t resume_count; /* connections after the first */
	const char *refusals;  /* file that collects reasons; NULL: none */

	const char *trust_cert;
	const char *cert_file;
	const char *key_file;
	const char *host_name;
	bool verify_fail;
	unsigned credentials; /* -new-x509-credential so far */

	bool one_byte; /* of the transport at once */
	bool shim_writes_first;
	bool unfinished_write; /* all but a byte of it waits for a read */
	const char *initial_write;
	uint64_t initial_writes;
	bool record_sizes; /* write messages of many sizes, and end */
	bool shim_shuts_down;
	bool check_close_notify;
	bool key_update;
	bool key_update_before_read;
	bool peek;
	uint64_t read_size;

	bool expect_session_miss; /* a full handshake, though one was offered */
	bool expect_no_session;   /* no ticket comes */
	uint64_t resumption_delay; /* seconds that the ticket has aged */
	bool expect_hrr;
	bool expect_no_hrr;
	uint64_t expect_group;      /* 0: any */
	uint64_t expect_cipher;     /* 0: any */
	uint64_t expect_cipher_aes; /* where the CPU has AES */
	uint64_t expect_cipher_no_aes;
};

enum flags_verdict {
	FLAGS_OK,
	FLAGS_REFUSED, /* the test wants something that we do not do */
	FLAGS_UNKNOWN  /* a flag that is in no table, or no value after it */
};

/*
 * Read the command line: f[0] is for the first connection, f[1] for those that
 * follow. what then points to the reason of a refusal, or to the flag that is
 * unknown.
 */
enum flags_verdict flags_parse(
	struct flags f[2], char **argv, const char **what);

#endif
