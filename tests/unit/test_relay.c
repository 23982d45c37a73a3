/*
 * test_relay.c - the relay between two socket pairs, with a TLS of its own
 * that is small enough to look through: every byte is XORed with CIPHER, one
 * marker byte is close_notify and another a fatal alert. It takes the place of
 * src/tls at link time.
 */
#include "base/clock.h"
#include "io/loop.h"
#include "tunnel/relay.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CIPHER       0x01
#define CLOSE_NOTIFY 0xff
#define ALERT        0xfe
#define ROOM         1000

static struct {
	bool attached;
	uint8_t out[ROOM + 1]; /* for the server; one more for the marker */
	size_t out_len;
	uint8_t in[ROOM]; /* for the client, deciphered */
	size_t in_len;
	uint8_t record[ROOM]; /* as read */
	uint8_t plain[ROOM];  /* as taken from the client */
	bool send_closed;
	bool recv_closed;
	struct error error;
} fake;

enum err
tls13_init(struct tls13 *t, struct tls13_buffers *b,
	const struct tls13_config *config)
{
	(void)t;
	(void)config;
	memset(&fake, 0, sizeof(fake));
	error_clear(&fake.error);
	fake.attached = b != NULL;
	return ERR_OK;
}

void
tls13_clear(struct tls13 *t)
{
	(void)t;
	fake.attached = false;
}

bool
tls13_idle(const struct tls13 *t)
{
	(void)t;
	return fake.out_len == 0 && fake.in_len == 0;
}

static struct tls13_buffers *lent;

struct tls13_buffers *
tls13_detach(struct tls13 *t)
{
	assert_true(tls13_idle(t));
	assert_true(fake.attached);
	fake.attached = false;
	return lent;
}

void
tls13_attach(struct tls13 *t, struct tls13_buffers *b)
{
	(void)t;
	assert_false(fake.attached);
	fake.attached = true;
	lent = b;
}

unsigned
tls13_state(const struct tls13 *t)
{
	bool failed = fake.error.code != ERR_OK;
	unsigned mask = 0;

	(void)t;
	if (fake.out_len > 0)
		mask |= TLS13_SENDREC;
	if (fake.in_len > 0)
		mask |= TLS13_RECVAPP;
	if (!failed && !fake.recv_closed && fake.in_len == 0)
		mask |= TLS13_RECVREC;
	if (!failed && !fake.send_closed && fake.out_len < ROOM)
		mask |= TLS13_SENDAPP;
	return mask;
}

const uint8_t *
tls13_sendrec_buf(struct tls13 *t, size_t *len)
{
	(void)t;
	assert_true(fake.attached);
	*len = fake.out_len;
	return fake.out;
}

void
tls13_sendrec_ack(struct tls13 *t, size_t len)
{
	(void)t;
	assert_true(len <= fake.out_len);
	fake.out_len -= len;
	memmove(fake.out, fake.out + len, fake.out_len);
}

uint8_t *
tls13_recvrec_buf(struct tls13 *t, size_t *len)
{
	(void)t;
	assert_true(fake.attached);
	*len = ROOM - fake.in_len;
	return fake.record;
}

void
tls13_recvrec_ack(struct tls13 *t, size_t len)
{
	size_t i;

	(void)t;
	for (i = 0; i < len; i++) {
		if (fake.record[i] == CLOSE_NOTIFY)
			fake.recv_closed = true;
		else if (fake.record[i] == ALERT)
			(void)error_tls(&fake.error, ERR_TLS_PEER_ALERT, 42,
				"remote error: tls: bad certificate");
		else
			fake.in[fake.in_len++] =
				(uint8_t)(fake.record[i] ^ CIPHER);
	}
}

int
tls13_sendapp_vec(struct tls13 *t, struct iovec *v, int max)
{
	size_t room = ROOM - fake.out_len;

	(void)t;
	assert_true(fake.attached);
	assert_true(max >= 2);
	if (room < 2) {
		v[0] = (struct iovec){fake.plain, room};
		return 1;
	}
	v[0] = (struct iovec){fake.plain, room / 2};
	v[1] = (struct iovec){fake.plain + room / 2, room - room / 2};
	return 2;
}

void
tls13_sendapp_ack(struct tls13 *t, size_t len)
{
	size_t i;

	(void)t;
	for (i = 0; i < len; i++)
		fake.out[fake.out_len++] = (uint8_t)(fake.plain[i] ^ CIPHER);
}

int
tls13_recvapp_vec(struct tls13 *t, struct iovec *v, int max)
{
	(void)t;
	(void)max;
	assert_true(fake.attached);
	v[0] = (struct iovec){fake.in, fake.in_len};
	return 1;
}

const uint8_t *
tls13_recvapp_buf(struct tls13 *t, size_t *len)
{
	(void)t;
	*len = fake.in_len;
	return fake.in;
}

void
tls13_recvapp_ack(struct tls13 *t, size_t len)
{
	(void)t;
	assert_true(len <= fake.in_len);
	fake.in_len -= len;
	memmove(fake.in, fake.in + len, fake.in_len);
}

void
tls13_recv_eof(struct tls13 *t)
{
	(void)t;
	if (!fake.recv_closed)
		(void)error_set(&fake.error, ERR_EOF, "truncated");
}

void
tls13_close_send(struct tls13 *t)
{
	(void)t;
	assert_true(fake.attached);
	assert_false(fake.send_closed);
	fake.send_closed = true;
	fake.out[fake.out_len++] = CLOSE_NOTIFY;
}

bool
tls13_recv_closed(const struct tls13 *t)
{
	(void)t;
	return fake.recv_closed;
}

const struct error *
tls13_error(const struct tls13 *t)
{
	(void)t;
	return &fake.error;
}

static struct relay r;
static struct buffers pool;
static struct relay_report report;
static int app;      /* the other end of the client's socket */
static int database; /* the other end of the server's */

static int
begin(void **state)
{
	static const struct tls13_config config;
	int client[2];
	int server[2];
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, type, 0, client), 0);
	assert_int_equal(socketpair(AF_UNIX, type, 0, server), 0);
	app = client[1];
	database = server[1];
	assert_int_equal(
		relay_start(&r, &pool, client[0], server[0], &config), ERR_OK);
	lent = r.buffers;
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	relay_end(&r, &pool);
	assert_int_equal(pool.lent, 0);
	buffers_clear(&pool);
	close(r.client);
	close(r.server);
	if (app >= 0)
		close(app);
	if (database >= 0)
		close(database);
	return 0;
}

/* One turn of a poll loop over the two sockets; false: nothing happened. */
static bool
turn(enum relay_status *status)
{
	int client;
	int server;
	struct pollfd fds[2] = {{.fd = r.client}, {.fd = r.server}};

	relay_interest(&r, &client, &server);
	fds[0].events = (short)(client == LOOP_NOTHING ? 0 : client);
	fds[1].events = (short)(server == LOOP_NOTHING ? 0 : server);
	if (client == LOOP_NOTHING)
		fds[0].fd = -1;
	if (server == LOOP_NOTHING)
		fds[1].fd = -1;
	if (poll(fds, 2, 0) == 0)
		return false;
	if (fds[0].revents != 0)
		relay_client_event(&r, fds[0].revents);
	if (fds[1].revents != 0)
		relay_server_event(&r, fds[1].revents);
	*status = relay_pump(&r, &pool, &report);
	return true;
}

/* Turns until nothing more happens; a relay that spins fails here. */
static enum relay_status
settle(void)
{
	enum relay_status status = RELAY_RUNNING;
	int turns = 0;

	while (status == RELAY_RUNNING && turn(&status))
		assert_true(++turns < 1000);
	return status;
}

static void
put(int fd, const char *bytes)
{
	size_t len = strlen(bytes);

	assert_int_equal(write(fd, bytes, len), len);
}

static void
put_marker(uint8_t marker)
{
	assert_int_equal(write(database, &marker, 1), 1);
}

static void
expect(int fd, const char *bytes)
{
	char got[100] = "";
	size_t len = strlen(bytes);

	assert_int_equal(read(fd, got, sizeof(got)), len);
	assert_memory_equal(got, bytes, len);
}

static void
expect_end(int fd)
{
	char c;

	assert_int_equal(read(fd, &c, 1), 0);
}

static void
expect_nothing(int fd)
{
	char c;

	assert_int_equal(read(fd, &c, 1), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
test_bytes_in_both_directions(void **state)
{
	(void)state;
	put(app, "dpnm");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(database, "eqol");
	put(database, "`oa");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(app, "an`");
}

static void
test_no_buffers_at_rest(void **state)
{
	(void)state;
	put(app, "x");
	assert_int_equal(pool.lent, 1);
	assert_int_equal(settle(), RELAY_RUNNING);
	assert_int_equal(pool.lent, 0);
	assert_null(r.buffers);
	put(database, "x");
	assert_int_equal(settle(), RELAY_RUNNING);
	assert_int_equal(pool.lent, 0);
	expect(app, "y");
}

static void
fill(int fd)
{
	static const char block[500];

	while (write(fd, block, sizeof(block)) > 0)
		continue;
	assert_int_equal(errno, EAGAIN);
}

/* Nobody reads: the relay stops reading as well, and keeps what it has. */
static void
test_back_pressure(void **state)
{
	int client;
	int server;
	size_t total = 0;
	char got[2048];
	ssize_t n;

	(void)state;
	do {
		fill(database);
		assert_int_equal(settle(), RELAY_RUNNING);
		relay_interest(&r, &client, &server);
	} while ((client & POLLOUT) == 0);
	assert_int_equal(server, 0);
	assert_int_equal(pool.lent, 1);
	do {
		while ((n = read(app, got, sizeof(got))) > 0)
			total += (size_t)n;
		assert_int_equal(settle(), RELAY_RUNNING);
	} while (r.buffers != NULL);
	while ((n = read(app, got, sizeof(got))) > 0)
		total += (size_t)n;
	assert_true(total > 100000);
	assert_int_equal(pool.lent, 0);
}

static void
test_client_ends_first(void **state)
{
	(void)state;
	put(app, "c");
	assert_true(relay_patience_ms(&r) == CLOCK_NEVER);
	shutdown(app, SHUT_WR);
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(database, "b\xff");
	/* The database may be at work for as long as a query takes. */
	assert_true(relay_patience_ms(&r) >= UINT64_C(3600000));
	put(database, "c");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(app, "b");
	put_marker(CLOSE_NOTIFY);
	assert_int_equal(settle(), RELAY_FINISHED);
	expect_end(app);
}

static void
test_server_ends_first(void **state)
{
	(void)state;
	put(database, "c");
	put_marker(CLOSE_NOTIFY);
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(app, "b");
	expect_end(app);
	assert_int_equal(relay_patience_ms(&r), HALF_CLOSE_LINGER_MS);
	put(app, "e");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(database, "d");
	close(app);
	app = -1;
	assert_int_equal(settle(), RELAY_FINISHED);
	expect(database, "\xff");
}

/* Close_notify and then the whole connection: the client's bytes have no
 * place to go, but there is no error to report either. */
static void
test_server_ends_and_goes(void **state)
{
	(void)state;
	put_marker(CLOSE_NOTIFY);
	close(database);
	database = -1;
	assert_int_equal(settle(), RELAY_RUNNING);
	expect_end(app);
	put(app, "x");
	assert_int_equal(settle(), RELAY_FINISHED);
}

static void
test_truncation(void **state)
{
	(void)state;
	put(database, "c");
	close(database);
	database = -1;
	assert_int_equal(settle(), RELAY_TRUNCATED);
	expect(app, "b");
	expect_end(app);
}

static void
test_truncation_waits_for_a_slow_client(void **state)
{
	enum relay_status status;
	char got[2048];

	(void)state;
	fill(r.client);
	put(database, "c");
	close(database);
	database = -1;
	assert_int_equal(settle(), RELAY_RUNNING);
	do {
		while (read(app, got, sizeof(got)) > 0)
			continue;
		status = settle();
	} while (status == RELAY_RUNNING);
	assert_int_equal(status, RELAY_TRUNCATED);
}

static void
test_alert(void **state)
{
	(void)state;
	put_marker(ALERT);
	assert_int_equal(settle(), RELAY_BROKEN);
	assert_true(report.tls);
	assert_false(report.client);
	assert_int_equal(report.error.alert, 42);
}

/* Writing fails before the alert was read: it must still be found. */
static void
test_alert_behind_a_failed_write(void **state)
{
	(void)state;
	put(app, "query");
	put_marker(ALERT);
	close(database);
	database = -1;
	/* The client's event comes alone, as if poll had seen it first. */
	relay_client_event(&r, POLLIN);
	assert_int_equal(relay_pump(&r, &pool, &report), RELAY_BROKEN);
	assert_true(report.tls);
	assert_string_equal(
		report.error.detail, "remote error: tls: bad certificate");
}

static void
test_failed_write_without_a_reason(void **state)
{
	(void)state;
	put(app, "query");
	close(database);
	database = -1;
	relay_client_event(&r, POLLIN);
	assert_int_equal(relay_pump(&r, &pool, &report), RELAY_BROKEN);
	assert_false(report.tls);
	assert_string_equal(report.doing, "writing to instance");
	assert_int_equal(report.error.sys_errno, EPIPE);
}

static void
test_client_goes_while_bytes_come(void **state)
{
	(void)state;
	close(app);
	app = -1;
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(database, "\xff");
	put(database, "x");
	assert_int_equal(settle(), RELAY_BROKEN);
	assert_true(report.client);
	assert_string_equal(report.doing, "writing to client");
}

/* A hang-up is always reported; nobody may be woken by it for ever. */
static void
test_hang_up_does_not_spin(void **state)
{
	enum relay_status status;
	int client;
	int server;

	(void)state;
	put(app, "x");
	close(app);
	app = -1;
	assert_int_equal(settle(), RELAY_RUNNING);
	relay_interest(&r, &client, &server);
	assert_int_equal(client, LOOP_NOTHING);
	assert_false(turn(&status));
	/* Nobody is there to read an answer. */
	assert_int_equal(relay_patience_ms(&r), HALF_CLOSE_LINGER_MS);
}

static void
test_drain_takes_what_is_there(void **state)
{
	size_t total = 0;
	char got[2048];
	char last = 0;
	ssize_t n;

	(void)state;
	fill(app);
	relay_drain(&r);
	assert_int_equal(relay_pump(&r, &pool, &report), RELAY_RUNNING);
	do {
		assert_int_equal(settle(), RELAY_RUNNING);
		n = read(database, got, sizeof(got));
		if (n > 0) {
			total += (size_t)n;
			last = got[n - 1];
		}
	} while (n > 0);
	assert_true(total > 10000);
	assert_int_equal((uint8_t)last, CLOSE_NOTIFY);
	/* The app lives on: it is not read any more. */
	assert_true(r.client_eof);
}

static void
test_drain_of_a_quiet_connection(void **state)
{
	(void)state;
	assert_int_equal(settle(), RELAY_RUNNING);
	relay_drain(&r);
	assert_int_equal(relay_pump(&r, &pool, &report), RELAY_RUNNING);
	expect(database, "\xff");
	put(database, "z");
	put_marker(CLOSE_NOTIFY);
	assert_int_equal(settle(), RELAY_FINISHED);
	expect(app, "{");
	expect_end(app);
}

static void
test_nothing_to_do(void **state)
{
	(void)state;
	assert_int_equal(relay_pump(&r, &pool, &report), RELAY_RUNNING);
	expect_nothing(app);
	expect_nothing(database);
	assert_int_equal(pool.lent, 0);
}

/* "CSQLMDEX", two bytes of message, and what the client says. */
#define ANNOUNCED "BRPMLEDY\x01\x01\x01\x03\x11\x02"
#define ANSWERED  "BRPMLEDY\x01\x01\x01\x03\x09\x03"

static void
test_announcement_goes_with_the_first_bytes(void **state)
{
	(void)state;
	relay_announce(&r, EXCHANGE_UNIX);
	/* A server that speaks first, as MySQL does, is not kept waiting. */
	put(database, "`oa");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(app, "an`");
	expect_nothing(database);
	put(app, "dpnm");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(database, ANNOUNCED "eqol");
	put(database, ANSWERED "`oa");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(app, "an`");
	/* Once is enough, and from now on all is the client's. */
	put(app, "dpnm");
	put(database, "BRPMLEDY");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(database, "eqol");
	expect(app, "CSQLMDEX");
}

static void
test_what_is_no_answer_is_the_clients(void **state)
{
	(void)state;
	relay_announce(&r, EXCHANGE_UNIX);
	put(app, "dpnm");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(database, ANNOUNCED "eqol");
	put(database, "BRP");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect_nothing(app);
	put(database, "n");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect(app, "CSQo");
}

static void
test_held(void **state)
{
	size_t len;

	(void)state;
	r.held = true;
	put(app, "dpnm");
	put(database, "`oa");
	assert_int_equal(settle(), RELAY_RUNNING);
	expect_nothing(app);
	expect_nothing(database);
	assert_non_null(r.buffers);
	assert_memory_equal(tls13_recvapp_buf(&r.tls, &len), "an`", 3);
	r.held = false;
	r.client_ready = true;
	assert_int_equal(relay_pump(&r, &pool, &report), RELAY_RUNNING);
	expect(app, "an`");
	expect(database, "eqol");
	r.held = true;
	close(database);
	database = -1;
	assert_int_not_equal(settle(), RELAY_RUNNING);
	/* The client does not hear of it: the owner has more to say. */
	expect_nothing(app);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_bytes_in_both_directions),
		TEST(test_no_buffers_at_rest),
		TEST(test_announcement_goes_with_the_first_bytes),
		TEST(test_what_is_no_answer_is_the_clients),
		TEST(test_held),
		TEST(test_back_pressure),
		TEST(test_client_ends_first),
		TEST(test_server_ends_first),
		TEST(test_server_ends_and_goes),
		TEST(test_truncation),
		TEST(test_truncation_waits_for_a_slow_client),
		TEST(test_alert),
		TEST(test_alert_behind_a_failed_write),
		TEST(test_failed_write_without_a_reason),
		TEST(test_client_goes_while_bytes_come),
		TEST(test_hang_up_does_not_spin),
		TEST(test_drain_takes_what_is_there),
		TEST(test_drain_of_a_quiet_connection),
		TEST(test_nothing_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
