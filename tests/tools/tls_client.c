/*
 * tls_client.c - a TLS 1.3 client on the command line, for tests: standard
 * input to the server, the server to standard output, over the program's own
 * engine. Not part of the program.
 *
 * Exit status: 0 both directions were closed as they should be, 1 the engine
 * reports an error (told on standard error, with the alert), 2 wrong usage.
 */
#include "base/clock.h"
#include "base/span.h"
#include "tls/tls13.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILE_MAX 65536
#define FILES    3 /* CA, chain, key */
#define VEC_MAX  8

struct options {
	const char *port;
	const char *ca;
	const char *chain;
	const char *key;
	size_t chunk; /* most bytes per read or write; 0: no limit */
	bool detach;  /* give the buffers back whenever that is possible */
	bool greedy;  /* keep standard input open after the server has closed */
};

static struct tls13 tls;
static struct tls13_buffers buffers;
static struct options opt;
static struct tls13_config config;
static struct names_policy names;
static struct x509_anchors anchors;
static struct keypair key;
static uint8_t chain_storage[CHAIN_DER_MAX + 1024];
static uint8_t files[FILES][FILE_MAX];
static size_t file_count;
static unsigned long detached;

static void
usage(const char *why)
{
	fprintf(stderr, "tls_client: %s\n", why);
	exit(2);
}

static struct span
slurp(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t n;

	if (f == NULL || file_count == FILES)
		usage(path);
	data = files[file_count++];
	n = fread(data, 1, FILE_MAX, f);
	(void)fclose(f);
	return span_of(data, n);
}

static void
load_chain(void)
{
	struct writer w = writer_over(chain_storage, sizeof(chain_storage));
	struct reader r;

	if (x509_pem_to_entries(slurp(opt.chain), &w, &config.chain_count) !=
			ERR_OK ||
		config.chain_count > CHAIN_CERTS_MAX)
		usage("--chain: unreadable");
	r = reader_over(writer_span(&w));
	for (size_t i = 0; i < config.chain_count; i++)
		config.chain[i] = read_block16(&r);
}

static void
load(void)
{
	struct error e;

	error_clear(&e);
	if (opt.ca == NULL ||
		x509_anchors_from_pem(&anchors, slurp(opt.ca), &e) != ERR_OK)
		usage("--ca: unreadable");
	config.anchors = &anchors;
	config.names = &names;
	if (opt.chain != NULL)
		load_chain();
	if (opt.key != NULL) {
		struct span der = slurp(opt.key);

		if (keypair_from_der(&key, der) != ERR_OK &&
			keypair_ec_from_der(&key, der) != ERR_OK)
			usage("--key: not an RSA, P-256 or P-384 key in DER");
		config.key = &key;
	}
}

static void
option(const char *name, const char *value)
{
	if (strcmp(name, "--port") == 0)
		opt.port = value;
	else if (strcmp(name, "--ca") == 0)
		opt.ca = value;
	else if (strcmp(name, "--chain") == 0)
		opt.chain = value;
	else if (strcmp(name, "--key") == 0)
		opt.key = value;
	else if (strcmp(name, "--sni") == 0)
		config.sni = value;
	else if (strcmp(name, "--cn") == 0)
		names.common_name = value;
	else if (strcmp(name, "--dns") == 0 && names.dns_count < NAMES_MAX)
		names.dns[names.dns_count++] = value;
	else if (strcmp(name, "--now") == 0)
		config.now_s = atoll(value);
	else if (strcmp(name, "--chunk") == 0)
		opt.chunk = (size_t)atoll(value);
	else
		usage(name);
}

static void
parse(int argc, char **argv)
{
	config.now_s = clock_wall_s();
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--detach") == 0)
			opt.detach = true;
		else if (strcmp(argv[i], "--greedy") == 0)
			opt.greedy = true;
		else if (i + 1 == argc)
			usage(argv[i]);
		else {
			option(argv[i], argv[i + 1]);
			i++;
		}
	}
	if (opt.port == NULL)
		usage("--port is missing");
}

static int
dial(void)
{
	struct sockaddr_in sa = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(opt.port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		perror("tls_client: connect");
		exit(2);
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static size_t
chunk(size_t len)
{
	return opt.chunk != 0 && len > opt.chunk ? opt.chunk : len;
}

static bool
again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static void
attach(void)
{
	if (tls.b == NULL)
		tls13_attach(&tls, &buffers);
}

static void
from_server(int fd)
{
	size_t len;
	uint8_t *p;
	ssize_t n;

	attach();
	p = tls13_recvrec_buf(&tls, &len);
	if (p == NULL)
		return;
	n = read(fd, p, chunk(len));
	if (n > 0)
		tls13_recvrec_ack(&tls, (size_t)n);
	else if (n == 0 || !again())
		tls13_recv_eof(&tls);
}

static void
to_server(int fd)
{
	size_t len;
	const uint8_t *p = tls13_sendrec_buf(&tls, &len);
	ssize_t n;

	if (p == NULL)
		return;
	n = send(fd, p, chunk(len), MSG_NOSIGNAL);
	if (n > 0)
		tls13_sendrec_ack(&tls, (size_t)n);
	else if (!again()) /* an alert may explain: read on, write no more */
		tls13_sendrec_ack(&tls, len);
}

static void
from_stdin(void)
{
	struct iovec v[VEC_MAX];
	ssize_t n;
	int count;

	attach();
	count = tls13_sendapp_vec(&tls, v, VEC_MAX);
	if (count == 0)
		return;
	if (opt.chunk != 0) {
		count = 1;
		v[0].iov_len = chunk(v[0].iov_len);
	}
	n = readv(STDIN_FILENO, v, count);
	if (n > 0)
		tls13_sendapp_ack(&tls, (size_t)n);
	else if (n == 0 || !again())
		tls13_close_send(&tls);
}

static void
to_stdout(void)
{
	struct iovec v[VEC_MAX];
	int count = tls13_recvapp_vec(&tls, v, VEC_MAX);
	ssize_t n;

	if (count == 0)
		return;
	n = writev(STDOUT_FILENO, v, count);
	if (n > 0)
		tls13_recvapp_ack(&tls, (size_t)n);
	else if (n < 0 && !again())
		exit(3);
}

static short
when(unsigned state, unsigned bit, short event)
{
	return (state & bit) != 0 ? event : (short)0;
}

static void
turn(int fd)
{
	unsigned s = tls13_state(&tls);
	struct pollfd p[3] = {
		{.fd = fd,
			.events = (short)(when(s, TLS13_RECVREC, POLLIN) |
					  when(s, TLS13_SENDREC, POLLOUT))},
		{.fd = STDIN_FILENO, .events = when(s, TLS13_SENDAPP, POLLIN)},
		{.fd = STDOUT_FILENO,
			.events = when(s, TLS13_RECVAPP, POLLOUT)},
	};

	for (size_t i = 0; i < 3; i++) {
		if (p[i].events == 0)
			p[i].fd = -1;
	}
	if (poll(p, 3, -1) < 0)
		return;
	if (p[0].revents != 0)
		from_server(fd);
	to_server(fd);
	if (p[1].revents != 0)
		from_stdin();
	to_server(fd);
	if (p[2].revents != 0)
		to_stdout();
	if (tls13_recv_closed(&tls) && !opt.greedy &&
		(tls13_state(&tls) & TLS13_RECVAPP) == 0) {
		attach();
		tls13_close_send(&tls);
	}
	if (opt.detach && tls13_idle(&tls) && tls13_detach(&tls) != NULL)
		detached++;
}

int
main(int argc, char **argv)
{
	const struct error *e;
	int status;
	int fd;

	parse(argc, argv);
	load();
	fd = dial();
	if (tls13_init(&tls, &buffers, &config) == ERR_OK) {
		while (tls13_state(&tls) != TLS13_CLOSED)
			turn(fd);
	}
	e = tls13_error(&tls);
	status = e->code == ERR_OK ? 0 : 1;
	fprintf(stderr,
		"tls_client: handshake %d spoke %d code %u alert %d "
		"detached %lu: %s\n",
		tls13_handshake_done(&tls), tls13_server_spoke(&tls), e->code,
		e->alert, detached, e->detail);
	tls13_clear(&tls);
	x509_anchors_free(&anchors);
	keypair_clear(&key);
	(void)close(fd);
	return status;
}
