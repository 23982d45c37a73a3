/*
 * handshakes_libssl.c - what handshakes.c does, in the same order, over
 * OpenSSL with its settings as they are.
 */
#include "handshakes_loop.h"

#include <openssl/ssl.h>

#include <unistd.h>

static SSL_CTX *context;
static SSL_SESSION *kept;
static bool got_ticket;

static int
take(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	got_ticket = true;
	return 1;
}

void
load(char **argv)
{
	context = SSL_CTX_new(TLS_client_method());
	must(context != NULL, "no context");
	must(SSL_CTX_load_verify_locations(context, argv[2], NULL) == 1,
		argv[2]);
	must(SSL_CTX_use_certificate_file(context, argv[3], SSL_FILETYPE_PEM) ==
			1,
		argv[3]);
	must(SSL_CTX_use_PrivateKey_file(context, argv[4], SSL_FILETYPE_ASN1) ==
			1,
		argv[4]);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(context,
		SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
	SSL_CTX_sess_set_new_cb(context, take);
	/* Or SSL_read would wait for data after the tickets. */
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
}

void
one(const char *port, bool resume)
{
	int fd = dial(port);
	SSL *ssl = SSL_new(context);
	char byte;

	must(ssl != NULL && SSL_set_fd(ssl, fd) == 1, "no connection");
	must(SSL_set_tlsext_host_name(ssl, NAME) == 1 &&
			SSL_set1_host(ssl, NAME) == 1,
		"no name");
	if (resume)
		must(SSL_set_session(ssl, kept) == 1, "no session");
	got_ticket = false;
	must(SSL_connect(ssl) == 1, "no handshake");
	while (!got_ticket)
		must(SSL_read(ssl, &byte, 1) < 0 &&
				SSL_get_error(ssl, -1) == SSL_ERROR_WANT_READ,
			"no ticket");
	must((SSL_session_reused(ssl) == 1) == resume, "resumed or not");
	(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	(void)close(fd);
}
