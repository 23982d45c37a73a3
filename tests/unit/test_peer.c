/*
 * test_peer.c - whose the other end of a connection is.
 */
#include "io/peer.h"

#include "io/socket.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* 127.0.0.1:8080 to 127.0.0.1:3306, as a little-endian machine prints it. */
#define ROW "   1: 0100007F:1F90 0100007F:0CEA 01 00000000:00000000 "

static enum err
read_row(const char *line, uint32_t *uid)
{
	struct peer_row row = {.port = {8080, 3306}, .address_len = 4};

	memcpy(row.address[0], "\x7f\0\0\1", 4);
	memcpy(row.address[1], "\x7f\0\0\1", 4);
	return peer_read_row(span_str(line), &row, uid);
}

static void
test_rows(void **state)
{
	uint32_t uid = 0;

	(void)state;
	if (htonl(1) == 1) {
		(void)puts("machine: its rows have the other byte order");
		skip();
	}
	assert_int_equal(
		read_row(ROW "00:00000000 00000000  1000        0 4711 1 0",
			&uid),
		ERR_OK);
	assert_int_equal(uid, 1000);
	assert_int_equal(
		read_row(ROW "00:00000000 00000000     0        0 0 1 0", &uid),
		ERR_EOF);
	assert_int_equal(read_row("  sl  local_address rem_address   st", &uid),
		ERR_AGAIN);
	assert_int_equal(
		read_row("   1: 0100007F:1F90 0100007F:0CEB 01 x", &uid),
		ERR_AGAIN);
	assert_int_equal(
		read_row("   1: 0100007F:1F91 0100007F:0CEA 01 x", &uid),
		ERR_AGAIN);
	assert_int_equal(read_row("", &uid), ERR_AGAIN);
	assert_int_equal(read_row("1: 0100007F", &uid), ERR_AGAIN);
	assert_int_equal(read_row(ROW, &uid), ERR_EOF);
}

struct ends {
	int listener;
	int client;
	int server;
};

static void
connect_ends(struct ends *ends, const char *address)
{
	char name[SOCKET_NAME_MAX];
	struct error e;
	uint16_t port;

	error_clear(&e);
	assert_int_equal(
		socket_listen_tcp(address, 0, &ends->listener, &port, &e),
		ERR_OK);
	assert_int_equal(
		socket_connect(address, port, &ends->client, &e), ERR_OK);
	while (socket_accept(ends->listener, &ends->server, name) == ERR_AGAIN)
		(void)usleep(1000);
}

static void
check(const struct peer_lists *lists, const char *address)
{
	uint32_t uid = UINT32_MAX;
	struct ends ends;

	connect_ends(&ends, address);
	assert_true(peer_is_loopback(ends.server));
	assert_int_equal(peer_uid(lists, ends.server, &uid), ERR_OK);
	assert_int_equal(uid, geteuid());
	/* What nobody has open any more belongs to nobody: not to root. */
	socket_close(ends.client);
	assert_int_equal(peer_uid(lists, ends.server, &uid), ERR_EOF);
	socket_close(ends.server);
	socket_close(ends.listener);
}

static void
test_netlink(void **state)
{
	struct peer_lists lists;

	(void)state;
	peer_open(&lists);
	if (lists.netlink < 0) {
		(void)puts("kernel: no netlink for sockets");
		skip();
	}
	lists.proc[0] = -1;
	lists.proc[1] = -1;
	check(&lists, "127.0.0.1");
	check(&lists, "::1");
	peer_close(&lists);
	assert_false(peer_can_tell(&lists));
}

static void
test_proc(void **state)
{
	struct peer_lists lists;

	(void)state;
	peer_open(&lists);
	if (lists.netlink >= 0)
		(void)close(lists.netlink);
	lists.netlink = -1;
	assert_true(peer_can_tell(&lists));
	check(&lists, "127.0.0.1");
	check(&lists, "::1");
	peer_close(&lists);
}

static void
test_nothing(void **state)
{
	struct peer_lists lists;
	struct ends ends;
	uint32_t uid;

	(void)state;
	peer_none(&lists);
	connect_ends(&ends, "127.0.0.1");
	assert_int_equal(peer_uid(&lists, ends.server, &uid), ERR_SYS);
	socket_close(ends.client);
	socket_close(ends.server);
	socket_close(ends.listener);
}

static void
test_unix(void **state)
{
	struct peer_lists lists;
	uint32_t uid = UINT32_MAX;
	int pair[2];

	(void)state;
	peer_none(&lists);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(peer_uid(&lists, pair[0], &uid), ERR_OK);
	assert_int_equal(uid, geteuid());
	assert_false(peer_is_loopback(pair[0]));
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_netlink),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_unix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
