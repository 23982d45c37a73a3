/*
 * test_socket.c - listening, connecting and moving bytes, on loopback and in
 * a private folder.
 */
#include "io/socket.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct error e;
static char folder[64];

static int
begin(void **state)
{
	(void)state;
	error_clear(&e);
	(void)snprintf(folder, sizeof(folder), "/tmp/fl-socket-XXXXXX");
	assert_non_null(mkdtemp(folder));
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	assert_int_equal(rmdir(folder), 0);
	return 0;
}

static void
in_folder(char path[128], const char *name)
{
	assert_true(snprintf(path, 128, "%s/%s", folder, name) < 128);
}

static void
wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	assert_int_equal(poll(&p, 1, 30000), 1);
}

static int
accepted(int listener, char name[SOCKET_NAME_MAX])
{
	int fd = -1;

	wait_for(listener, POLLIN);
	assert_int_equal(socket_accept(listener, &fd, name), ERR_OK);
	return fd;
}

static void
talk(int a, int b)
{
	char word[] = "hello";
	char got[8] = "";
	struct iovec two[2] = {{word, 2}, {word + 2, 3}};
	struct iovec room[2] = {{got, 1}, {got + 1, 6}};
	size_t done;

	assert_int_equal(socket_read(b, room, 2, &done), ERR_AGAIN);
	assert_int_equal(socket_readable(b), 0);
	assert_int_equal(socket_write(a, two, 2, &done), ERR_OK);
	assert_int_equal(done, 5);
	wait_for(b, POLLIN);
	assert_int_equal(socket_readable(b), 5);
	assert_int_equal(socket_read(b, room, 2, &done), ERR_OK);
	assert_int_equal(done, 5);
	assert_string_equal(got, "hello");
	socket_finish(a);
	wait_for(b, POLLIN);
	assert_int_equal(socket_read(b, room, 2, &done), ERR_EOF);
}

static void
over_tcp(const char *address, const char *begins)
{
	char name[SOCKET_NAME_MAX];
	uint16_t port = 0;
	int listener;
	int client;
	int server;

	assert_int_equal(
		socket_listen_tcp(address, 0, &listener, &port, &e), ERR_OK);
	assert_true(port > 0);
	assert_int_equal(socket_accept(listener, &server, name), ERR_AGAIN);
	assert_int_equal(socket_connect(address, port, &client, &e), ERR_OK);
	wait_for(client, POLLOUT);
	assert_int_equal(socket_connected(client, &e), ERR_OK);
	server = accepted(listener, name);
	assert_memory_equal(name, begins, strlen(begins));
	talk(client, server);
	socket_close(client);
	socket_close(server);
	socket_close(listener);
}

static void
test_tcp(void **state)
{
	(void)state;
	over_tcp("127.0.0.1", "127.0.0.1:");
	over_tcp("::1", "[::1]:");
}

static void
test_tcp_refusals(void **state)
{
	uint16_t port = 0;
	uint16_t same;
	int listener;
	int fd;

	(void)state;
	assert_int_equal(
		socket_listen_tcp("localhost", 0, &fd, &port, &e), ERR_USAGE);
	assert_int_equal(fd, -1);
	error_clear(&e);
	assert_int_equal(socket_connect("db.example.com", 1, &fd, &e), ERR_DNS);
	assert_int_equal(fd, -1);
	error_clear(&e);
	assert_int_equal(
		socket_listen_tcp("127.0.0.1", 0, &listener, &port, &e),
		ERR_OK);
	assert_int_equal(
		socket_listen_tcp("127.0.0.1", port, &fd, &same, &e), ERR_SYS);
	assert_int_equal(fd, -1);
	assert_int_equal(e.sys_errno, EADDRINUSE);
	assert_non_null(strstr(e.detail, "another program"));
	socket_close(listener);
	error_clear(&e);
	if (socket_connect("127.0.0.1", port, &fd, &e) == ERR_OK) {
		wait_for(fd, POLLOUT);
		assert_int_equal(socket_connected(fd, &e), ERR_CONNECT);
		socket_close(fd);
	}
	assert_int_equal(e.sys_errno, ECONNREFUSED);
}

static void
test_reset(void **state)
{
	char name[SOCKET_NAME_MAX];
	char c;
	struct iovec v = {&c, 1};
	uint16_t port = 0;
	size_t done;
	int listener;
	int client;
	int server;

	(void)state;
	assert_int_equal(
		socket_listen_tcp("127.0.0.1", 0, &listener, &port, &e),
		ERR_OK);
	assert_int_equal(
		socket_connect("127.0.0.1", port, &client, &e), ERR_OK);
	server = accepted(listener, name);
	socket_reset(server);
	wait_for(client, POLLIN);
	assert_int_equal(socket_read(client, &v, 1, &done), ERR_SYS);
	assert_int_equal(errno, ECONNRESET);
	/* And no SIGPIPE, which would end this test. */
	assert_int_equal(socket_write(client, &v, 1, &done), ERR_SYS);
	assert_int_equal(errno, EPIPE);
	socket_close(client);
	socket_close(listener);
}

static void
test_unix(void **state)
{
	char name[SOCKET_NAME_MAX];
	char path[128];
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct stat st;
	int listener;
	int client;
	int server;
	mode_t mask = umask(077);

	(void)state;
	in_folder(path, "s");
	memcpy(a.sun_path, path, strlen(path));
	assert_int_equal(socket_listen_unix(path, 0777, SOCKET_OWNER_AS_IT_IS,
				 SOCKET_OWNER_AS_IT_IS, &listener, &e),
		ERR_OK);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0777);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
	server = accepted(listener, name);
	assert_string_equal(name, "@");
	talk(client, server);
	socket_close(client);
	socket_close(server);
	socket_close(listener);
	unlink(path);
}

static void
test_stale_socket_is_replaced(void **state)
{
	char path[128];
	int first;
	int second;

	(void)state;
	in_folder(path, "s");
	assert_int_equal(socket_listen_unix(path, 0777, SOCKET_OWNER_AS_IT_IS,
				 SOCKET_OWNER_AS_IT_IS, &first, &e),
		ERR_OK);
	/* Somebody listens: not stale. */
	assert_int_equal(socket_listen_unix(path, 0777, SOCKET_OWNER_AS_IT_IS,
				 SOCKET_OWNER_AS_IT_IS, &second, &e),
		ERR_SYS);
	assert_int_equal(second, -1);
	assert_non_null(strstr(e.detail, "another program"));
	socket_close(first);
	error_clear(&e);
	assert_int_equal(socket_listen_unix(path, 0777, SOCKET_OWNER_AS_IT_IS,
				 SOCKET_OWNER_AS_IT_IS, &second, &e),
		ERR_OK);
	socket_close(second);
	unlink(path);
}

static void
test_other_files_are_left_alone(void **state)
{
	char path[128];
	struct stat st;
	FILE *f;
	int fd;

	(void)state;
	in_folder(path, "s");
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
	assert_int_equal(socket_listen_unix(path, 0777, SOCKET_OWNER_AS_IT_IS,
				 SOCKET_OWNER_AS_IT_IS, &fd, &e),
		ERR_SYS);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	error_clear(&e);
	assert_int_equal(socket_make_folder(path, 0777, &e), ERR_SYS);
	unlink(path);
}

static void
test_path_limit(void **state)
{
	char path[109];
	int fd;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[108] = '\0';
	assert_int_equal(socket_listen_unix(path, 0777, SOCKET_OWNER_AS_IT_IS,
				 SOCKET_OWNER_AS_IT_IS, &fd, &e),
		ERR_LIMIT);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(e.detail, "107"));
	error_clear(&e);
	assert_int_equal(socket_listen_unix("", 0777, SOCKET_OWNER_AS_IT_IS,
				 SOCKET_OWNER_AS_IT_IS, &fd, &e),
		ERR_LIMIT);
}

static void
test_folder(void **state)
{
	char path[128];
	struct stat st;
	mode_t mask = umask(077);

	(void)state;
	in_folder(path, "p:r:i");
	assert_int_equal(socket_make_folder(path, 0777, &e), ERR_OK);
	umask(mask);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0777);
	assert_int_equal(socket_make_folder(path, 0777, &e), ERR_OK);
	rmdir(path);
	in_folder(path, "no/such");
	assert_int_equal(socket_make_folder(path, 0777, &e), ERR_SYS);
}

static void
test_accept_without_descriptors(void **state)
{
	struct rlimit before;
	struct rlimit low;
	char name[SOCKET_NAME_MAX];
	uint16_t port = 0;
	int listener;
	int client;
	int fd;

	(void)state;
	assert_int_equal(
		socket_listen_tcp("127.0.0.1", 0, &listener, &port, &e),
		ERR_OK);
	assert_int_equal(
		socket_connect("127.0.0.1", port, &client, &e), ERR_OK);
	wait_for(listener, POLLIN);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(socket_accept(listener, &fd, name), ERR_LIMIT);
	assert_int_equal(errno, EMFILE);
	assert_int_equal(socket_raise_limit(), before.rlim_max);
	assert_int_equal(socket_accept(listener, &fd, name), ERR_OK);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	socket_close(fd);
	assert_int_equal(socket_accept(client, &fd, name), ERR_SYS);
	socket_close(client);
	socket_close(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tcp),
		TEST(test_tcp_refusals),
		TEST(test_reset),
		TEST(test_unix),
		TEST(test_stale_socket_is_replaced),
		TEST(test_other_files_are_left_alone),
		TEST(test_path_limit),
		TEST(test_folder),
		TEST(test_accept_without_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
