/*
 * shim.c - the program that BoringSSL's test runner (BoGo) starts for each of
 * its tests: the client of src/tls over one TCP connection to the runner,
 * which plays a server that does something wrong. What it does is told by
 * flags (flags.h).
 *
 * Exit status: 0 the connection ended well; 1 it failed, and standard error
 * says how, with the alert that was sent or received; 89 the test asks for
 * something that this client does not do; 2 the shim itself failed.
 */
#include "base/clock.h"
#include "base/span.h"
#include "flags.h"
#include "tls/tls13.h"
#include "wire/pem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXIT_FAILED        1
#define EXIT_BROKEN        2
#define EXIT_UNIMPLEMENTED 89
#define FILE_MAX           65536
#define FILES_MAX          6
#define MESSAGE_MAX        32769
#define DEADLINE_S         60 /* the runner's own patience is shorter */

static struct flags flags[2]; /* of the first connection, of the others */
static struct flags flag;     /* of this one */
static struct tls13 tls;
static struct tls13_buffers buffers;
static struct tls13_config config;
static struct names_policy names;
static struct x509_anchors anchors;
static struct keypair key;
static uint8_t chain_storage[CHAIN_DER_MAX + 1024];
static bool retried;
static unsigned group;
static int peer = -1;
static struct tls13_resumption resumption;
static struct tls13_ticket offered;
static struct tls13_ticket kept; /* the last one; suite NULL: none */
static uint8_t ticket_bytes[2][TLS_TICKET_MAX];
static bool got_ticket;
static bool held; /* nothing is written */

static void
die(const char *what, int status)
{
	fprintf(stderr, "shim: %s\n", what);
	exit(status);
}

/* The runner does not show why a test was not run: it is kept here. */
static void
refuse(const char *reason)
{
	FILE *out;

	if (flag.refusals != NULL) {
		out = fopen(flag.refusals, "a");
		if (out == NULL || fprintf(out, "%s\n", reason) < 0 ||
			fclose(out) != 0)
			die(flag.refusals, EXIT_BROKEN);
	}
	die(reason, EXIT_UNIMPLEMENTED);
}

/* Whole files, never freed. */
static struct span
slurp(const char *path)
{
	static uint8_t storage[FILES_MAX][FILE_MAX];
	static size_t used;
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL || used == FILES_MAX)
		die(path, EXIT_BROKEN);
	n = fread(storage[used], 1, FILE_MAX, f);
	(void)fclose(f);
	return span_of(storage[used++], n);
}

static void
load_chain(void)
{
	struct writer w = writer_over(chain_storage, sizeof(chain_storage));
	struct reader r;

	if (x509_pem_to_entries(
		    slurp(flag.cert_file), &w, &config.chain_count) != ERR_OK ||
		config.chain_count > CHAIN_CERTS_MAX)
		die(flag.cert_file, EXIT_BROKEN);
	r = reader_over(writer_span(&w));
	for (size_t i = 0; i < config.chain_count; i++)
		config.chain[i] = read_block16(&r);
}

/* PKCS#8, as the runner writes them. */
static void
load_key(void)
{
	static uint8_t der[FILE_MAX];
	struct reader text = reader_over(slurp(flag.key_file));
	struct writer w = writer_over(der, sizeof(der));
	struct pem_block block;

	if (pem_next(&text, &block) != ERR_OK ||
		pem_decode(&block, &w) != ERR_OK)
		die(flag.key_file, EXIT_BROKEN);
	if (keypair_from_der(&key, writer_span(&w)) != ERR_OK &&
		keypair_ec_from_der(&key, writer_span(&w)) != ERR_OK)
		refuse("client keys are RSA of 2048 bits or more, P-256 and "
		       "P-384");
	config.key = &key;
}

/*
 * The runner's certificates are for "test", or for the name it asks us to
 * send. Without an anchor that we can read every server is refused.
 */
static void
load(void)
{
	struct error e;

	error_clear(&e);
	config = (struct tls13_config){.now_s = clock_wall_s()};
	config.sni = flag.host_name;
	config.names = &names;
	config.anchors = &anchors;
	names.dns[0] = flag.verify_fail ? "another" : "test";
	names.dns[1] = flag.host_name;
	names.dns_count = flag.host_name != NULL ? 2 : 1;
	if (flag.trust_cert != NULL && flag.trust_cert[0] != 0 &&
		x509_anchors_from_pem(&anchors, slurp(flag.trust_cert), &e) !=
			ERR_OK)
		x509_anchors_free(&anchors);
	if (flag.cert_file != NULL && flag.key_file != NULL) {
		load_key();
		load_chain();
	}
}

static void
take_ticket(void *owner, const struct tls13_ticket *ticket)
{
	(void)owner;
	kept = *ticket;
	memcpy(ticket_bytes[0], ticket->identity.data, ticket->identity.len);
	kept.identity.data = ticket_bytes[0];
	got_ticket = true;
}

/* Each connection offers the last ticket of the one before. */
static void
prepare_resumption(bool resume)
{
	if (resume && kept.suite == NULL)
		die("no session to offer", EXIT_FAILED);
	offered = kept;
	memcpy(ticket_bytes[1], ticket_bytes[0], sizeof(ticket_bytes[1]));
	offered.identity.data = ticket_bytes[1];
	kept.suite = NULL;
	got_ticket = false;
	resumption = (struct tls13_resumption){.take_ticket = take_ticket,
		.ticket = resume ? &offered : NULL,
		.age_ms = flag.resumption_delay * 1000};
	config.resumption = &resumption;
}

static void
dial(void)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)flag.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)flag.port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	const void *address = flag.ipv6 ? (const void *)&v6 : &v4;
	socklen_t len = flag.ipv6 ? sizeof(v6) : sizeof(v4);
	uint8_t id[8];
	int on = 1;

	peer = socket(
		flag.ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (peer < 0 || connect(peer, address, len) != 0)
		die("cannot connect", EXIT_BROKEN);
	(void)setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (size_t i = 0; i < sizeof(id); i++)
		id[i] = (uint8_t)(flag.shim_id >> (8 * i));
	if (send(peer, id, sizeof(id), MSG_NOSIGNAL) != (ssize_t)sizeof(id))
		die("cannot write to the runner", EXIT_BROKEN);
}

static size_t
portion(size_t len)
{
	return flag.one_byte && len > 1 ? 1 : len;
}

/* What cannot be written is dropped: an alert may still be read. */
static void
flush(void)
{
	size_t len;
	const uint8_t *p;

	while (!held && (p = tls13_sendrec_buf(&tls, &len)) != NULL) {
		ssize_t n = send(peer, p, portion(len), MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			tls13_sendrec_ack(&tls, len);
		else if (n > 0)
			tls13_sendrec_ack(&tls, (size_t)n);
	}
}

/* What an observer of the handshake has to remember by himself. */
static void
observe(void)
{
	if (tls.state == EXPECT_SECOND_SERVER_HELLO)
		retried = true;
	if (buffers.handshake.share.group != 0)
		group = buffers.handshake.share.group;
}

/* Take in what there is; false: no more can come. */
static bool
receive(void)
{
	size_t len;
	uint8_t *p;
	ssize_t n;

	flush();
	p = tls13_recvrec_buf(&tls, &len);
	if (p == NULL)
		return false;
	n = recv(peer, p, portion(len), 0);
	if (n > 0)
		tls13_recvrec_ack(&tls, (size_t)n);
	else if (n == 0 || errno != EINTR)
		tls13_recv_eof(&tls);
	observe();
	return true;
}

static bool
handshake(void)
{
	if (tls13_init(&tls, &buffers, &config) != ERR_OK)
		return false;
	observe();
	while (!tls13_handshake_done(&tls) && receive())
		;
	flush();
	return tls13_handshake_done(&tls);
}

static bool
expected(bool resume)
{
	unsigned suite = tls.send.suite == NULL ? 0 : tls.send.suite->id;
	uint64_t preferred = aead_has_fast_aes() ? flag.expect_cipher_aes
						 : flag.expect_cipher_no_aes;

	if (tls13_resumed(&tls) != (resume && !flag.expect_session_miss))
		fprintf(stderr, "shim: the session was%s resumed\n",
			tls13_resumed(&tls) ? "" : " not");
	else if (flag.expect_hrr && !retried)
		fprintf(stderr, "shim: no HelloRetryRequest came\n");
	else if (flag.expect_no_hrr && retried)
		fprintf(stderr, "shim: a HelloRetryRequest came\n");
	else if (flag.expect_group != 0 && flag.expect_group != group)
		fprintf(stderr, "shim: group is %u\n", group);
	else if (flag.expect_cipher != 0 && flag.expect_cipher != suite)
		fprintf(stderr, "shim: suite is %04x\n", suite);
	else if (flag.expect_cipher_aes != 0 && suite != preferred)
		fprintf(stderr, "shim: suite is %04x\n", suite);
	else
		return true;
	return false;
}

static bool
send_app(const uint8_t *data, size_t len)
{
	while (len > 0) {
		size_t room;
		uint8_t *p = tls13_sendapp_buf(&tls, &room);

		if (p == NULL)
			return false;
		if (room > len)
			room = len;
		memcpy(p, data, room);
		tls13_sendapp_ack(&tls, room);
		data += room;
		len -= room;
		flush();
	}
	return true;
}

/* At most max bytes; 0: the end, or a failure. */
static size_t
receive_app(uint8_t *data, size_t max)
{
	size_t len;
	const uint8_t *p;

	while ((tls13_state(&tls) & TLS13_RECVAPP) == 0) {
		if (!receive())
			return 0;
	}
	p = tls13_recvapp_buf(&tls, &len);
	if (p == NULL)
		return 0;
	if (len > max)
		len = max;
	memcpy(data, p, len);
	if (flag.peek) {
		p = tls13_recvapp_buf(&tls, &max);
		if (p == NULL || memcmp(p, data, len) != 0)
			die("bytes change while they wait", EXIT_BROKEN);
	}
	tls13_recvapp_ack(&tls, len);
	return len;
}

/* The engine sends one before the next application data. */
static void
update_keys(void)
{
	size_t room;

	tls.key_update_due = true;
	(void)tls13_sendapp_buf(&tls, &room);
	flush();
}

/* Every byte back, inverted, until the runner closes. */
static bool
echo(void)
{
	static uint8_t data[MESSAGE_MAX];
	size_t max =
		flag.read_size < sizeof(data) ? flag.read_size : sizeof(data);

	for (;;) {
		size_t n;

		if (flag.key_update_before_read)
			update_keys();
		n = receive_app(data, max);
		held = false;
		if (n == 0)
			return true;
		if (flag.key_update)
			update_keys();
		for (size_t i = 0; i < n; i++)
			data[i] ^= 0xff;
		if (!send_app(data, n))
			return false;
	}
}

static bool
send_record_sizes(void)
{
	static const size_t sizes[] = {0, 1, 255, 256, 257, 16383, 16384, 16385,
		32767, 32768, MESSAGE_MAX};
	static uint8_t data[MESSAGE_MAX];

	memset(data, 0x42, sizeof(data));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (!send_app(data, sizes[i]))
			return false;
	}
	return true;
}

/* The first byte of a record leaves, the rest does when held ends. */
static bool
begin_write(struct span data)
{
	size_t len;
	const uint8_t *p;

	held = true;
	if (!send_app(data.data, data.len))
		return false;
	p = tls13_sendrec_buf(&tls, &len);
	if (p == NULL || send(peer, p, 1, MSG_NOSIGNAL) != 1)
		return false;
	tls13_sendrec_ack(&tls, 1);
	return true;
}

static bool
exchange(void)
{
	struct span hello = span_str(flag.initial_write);

	if (flag.record_sizes)
		return send_record_sizes();
	if (flag.unfinished_write)
		return begin_write(hello) && echo();
	for (uint64_t i = 0; flag.shim_writes_first && i < flag.initial_writes;
		i++) {
		if (!send_app(hello.data, hello.len))
			return false;
	}
	return flag.shim_shuts_down || echo();
}

/* close_notify in both directions, if that is what is tested. */
static void
shut_down(void)
{
	static uint8_t data[MESSAGE_MAX];

	if (!flag.check_close_notify && !flag.shim_shuts_down)
		return;
	tls13_close_send(&tls);
	flush();
	while (flag.check_close_notify && receive_app(data, sizeof(data)) > 0)
		;
}

/* Unread bytes would make a reset of the end, and lose our alert. */
static void
hang_up(void)
{
	static uint8_t data[MESSAGE_MAX];

	flush();
	(void)shutdown(peer, SHUT_WR);
	while (recv(peer, data, sizeof(data), 0) > 0)
		;
	(void)close(peer);
}

static bool
tickets_expected(void)
{
	bool want = !flag.expect_no_session && !flag.shim_shuts_down;

	if (want != got_ticket)
		fprintf(stderr, "shim: a ticket %s\n",
			got_ticket ? "came" : "did not come");
	return want == got_ticket;
}

static int
run(bool resume)
{
	bool well = handshake() && expected(resume) && exchange() &&
		    (tls13_error(&tls)->code != ERR_OK || tickets_expected());
	const struct error *e;

	if (well)
		shut_down();
	hang_up();
	e = tls13_error(&tls);
	/* An end without close_notify is for these tests to notice. */
	if (e->code == ERR_EOF && !flag.check_close_notify)
		return EXIT_SUCCESS;
	if (e->code != ERR_OK)
		fprintf(stderr, "%s (alert %d)\n", e->detail, e->alert);
	return well && e->code == ERR_OK ? EXIT_SUCCESS : EXIT_FAILED;
}

static int
connection(bool resume)
{
	int status;

	flag = flags[resume];
	retried = false;
	group = 0;
	held = false;
	load();
	prepare_resumption(resume);
	dial();
	status = run(resume);
	tls13_clear(&tls);
	x509_anchors_free(&anchors);
	keypair_clear(&key);
	return status;
}

int
main(int argc, char **argv)
{
	const char *what = "";
	int status = EXIT_SUCCESS;

	if (argc > 1 &&
		strcmp(argv[argc - 1], "-is-handshaker-supported") == 0) {
		puts("No");
		return EXIT_SUCCESS;
	}
	switch (flags_parse(flags, argv, &what)) {
	case FLAGS_OK:
		break;
	case FLAGS_REFUSED:
		flag = flags[0];
		refuse(what);
		break;
	case FLAGS_UNKNOWN:
		fprintf(stderr, "shim: unknown flag %s\n", what);
		return EXIT_BROKEN;
	}
	(void)alarm(DEADLINE_S);
	for (uint64_t i = 0;
		status == EXIT_SUCCESS && i <= flags[0].resume_count; i++)
		status = connection(i > 0);
	return status;
}
