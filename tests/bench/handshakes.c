/*
 * handshakes.c - the loop of handshakes_loop.h over the program's own TLS
 * engine as it is shipped. handshakes_libssl.c does the same over OpenSSL.
 */
#include "handshakes_loop.h"

#include "base/clock.h"
#include "tls/tls13.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILE_MAX 16384

static struct tls13 tls;
static struct tls13_buffers buffers;
static struct tls13_config config;
static struct tls13_resumption resumption;
static struct tls13_ticket kept;
static uint8_t kept_identity[TLS_TICKET_MAX];
static bool got_ticket;
static struct names_policy names;
static struct x509_anchors anchors;
static struct keypair key;

static struct span
slurp(const char *path, uint8_t *data)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	must(f != NULL, path);
	n = fread(data, 1, FILE_MAX, f);
	(void)fclose(f);
	return span_of(data, n);
}

static void
take(void *owner, const struct tls13_ticket *t)
{
	(void)owner;
	kept = *t;
	memcpy(kept_identity, t->identity.data, t->identity.len);
	kept.identity.data = kept_identity;
	got_ticket = true;
}

void
load(char **argv)
{
	static uint8_t data[FILE_MAX];
	static uint8_t chain[FILE_MAX];
	struct writer w = writer_over(chain, sizeof(chain));
	struct reader r;
	struct error e;

	error_clear(&e);
	must(x509_anchors_from_pem(&anchors, slurp(argv[2], data), &e) ==
			ERR_OK,
		argv[2]);
	must(x509_pem_to_entries(
		     slurp(argv[3], data), &w, &config.chain_count) == ERR_OK &&
			config.chain_count == 1,
		argv[3]);
	r = reader_over(writer_span(&w));
	config.chain[0] = read_block16(&r);
	must(keypair_from_der(&key, slurp(argv[4], data)) == ERR_OK, argv[4]);
	names.dns[names.dns_count++] = NAME;
	config.anchors = &anchors;
	config.names = &names;
	config.sni = NAME;
	config.key = &key;
	config.now_s = clock_wall_s();
	config.resumption = &resumption;
	resumption.take_ticket = take;
}

/* Send what is to be sent, then wait for something of the server's. */
static void
turn(int fd, bool listen)
{
	size_t len;
	const uint8_t *out;
	uint8_t *in;
	ssize_t n;

	while ((out = tls13_sendrec_buf(&tls, &len)) != NULL) {
		n = send(fd, out, len, MSG_NOSIGNAL);
		must(n > 0, "cannot send");
		tls13_sendrec_ack(&tls, (size_t)n);
	}
	in = listen ? tls13_recvrec_buf(&tls, &len) : NULL;
	if (in == NULL)
		return;
	n = recv(fd, in, len, 0);
	if (n > 0)
		tls13_recvrec_ack(&tls, (size_t)n);
	else
		tls13_recv_eof(&tls);
	must(tls13_error(&tls)->code == ERR_OK, tls13_error(&tls)->detail);
}

void
one(const char *port, bool resume)
{
	int fd = dial(port);

	resumption.ticket = resume ? &kept : NULL;
	must(tls13_init(&tls, &buffers, &config) == ERR_OK, "no hello");
	got_ticket = false;
	while (!tls13_handshake_done(&tls) || !got_ticket)
		turn(fd, true);
	must(tls13_resumed(&tls) == resume, "resumed or not");
	tls13_close_send(&tls);
	turn(fd, false);
	tls13_clear(&tls);
	(void)close(fd);
}
