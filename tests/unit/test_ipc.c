/*
 * test_ipc.c - messages between the processes: whole or absent, descriptors
 * carried, and every field out of its range refused.
 */
#include "io/ipc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define INSTANCES 3

static int pair[2];

static int
set_up(void **state)
{
	(void)state;
	return ipc_pair(pair) == ERR_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}

static struct ipc_message
message(uint32_t kind, uint32_t instance)
{
	struct ipc_message m;

	memset(&m, 0, sizeof(m));
	m.kind = kind;
	m.instance = instance;
	return m;
}

static enum err
pass(const struct ipc_message *m)
{
	struct ipc_message got;
	int fd = 0;
	enum err r;

	assert_int_equal(ipc_send(pair[0], m, -1), ERR_OK);
	r = ipc_receive(pair[1], &got, &fd, INSTANCES);
	assert_int_equal(fd, -1);
	if (r == ERR_OK)
		assert_memory_equal(m, &got, sizeof(got));
	return r;
}

static void
test_message_passes(void **state)
{
	struct ipc_message m = message(IPC_ASK_IDENTITY, INSTANCES - 1);

	(void)state;
	m.public_key_len = PUBLIC_KEY_DER_MAX;
	assert_int_equal(pass(&m), ERR_OK);
}

static void
test_fields_out_of_range(void **state)
{
	struct ipc_message m = message(0, 0);

	(void)state;
	assert_int_equal(pass(&m), ERR_PARSE);
	m = message(IPC_KIND_END, 0);
	assert_int_equal(pass(&m), ERR_PARSE);
	m = message(IPC_ASK_IDENTITY, INSTANCES);
	assert_int_equal(pass(&m), ERR_PARSE);
	m = message(IPC_ENGINE, 0);
	m.engine = IPC_ENGINE_END;
	assert_int_equal(pass(&m), ERR_PARSE);
	m = message(IPC_ASK_IDENTITY, 0);
	m.public_key_len = PUBLIC_KEY_DER_MAX + 1;
	assert_int_equal(pass(&m), ERR_PARSE);
	m = message(IPC_INSTANCE, INSTANCES + 1);
	assert_int_equal(pass(&m), ERR_PARSE);
	/* It may be one more. */
	m = message(IPC_INSTANCE, INSTANCES);
	assert_int_equal(pass(&m), ERR_OK);
	/* These concern no instance. */
	m = message(IPC_REFRESH, 99);
	assert_int_equal(pass(&m), ERR_OK);
	m = message(IPC_DRAIN, 99);
	assert_int_equal(pass(&m), ERR_OK);
	m = message(IPC_READY, 99);
	assert_int_equal(pass(&m), ERR_OK);
}

static void
test_sizes_that_are_wrong(void **state)
{
	struct ipc_message m = message(IPC_DRAIN, 0);
	char longer[sizeof(m) + 1] = {0};
	int fd;

	(void)state;
	memcpy(longer, &m, sizeof(m));
	assert_int_equal(
		send(pair[0], longer, sizeof(longer), 0), (int)sizeof(longer));
	assert_int_equal(ipc_receive(pair[1], &m, &fd, INSTANCES), ERR_PARSE);
	assert_int_equal(
		send(pair[0], longer, sizeof(m) - 1, 0), (int)sizeof(m) - 1);
	assert_int_equal(ipc_receive(pair[1], &m, &fd, INSTANCES), ERR_PARSE);
}

static void
test_descriptor_is_carried(void **state)
{
	struct ipc_message m = message(IPC_LISTENER, 1);
	int pipe_fd[2];
	int fd = -1;
	char c;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	assert_int_equal(ipc_send(pair[0], &m, pipe_fd[1]), ERR_OK);
	assert_int_equal(ipc_receive(pair[1], &m, &fd, INSTANCES), ERR_OK);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(pipe_fd[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	(void)close(fd);
	(void)close(pipe_fd[0]);
	(void)close(pipe_fd[1]);
}

/* A refused message must not leak the descriptor that came with it. */
static void
test_descriptor_of_a_refused_message_is_closed(void **state)
{
	struct ipc_message m = message(IPC_LISTENER, INSTANCES);
	int pipe_fd[2];
	int fd = 0;
	char c;

	(void)state;
	assert_int_equal(pipe(pipe_fd), 0);
	assert_int_equal(ipc_send(pair[0], &m, pipe_fd[1]), ERR_OK);
	(void)close(pipe_fd[1]);
	assert_int_equal(ipc_receive(pair[1], &m, &fd, INSTANCES), ERR_PARSE);
	assert_int_equal(fd, -1);
	assert_int_equal(read(pipe_fd[0], &c, 1), 0);
	(void)close(pipe_fd[0]);
}

/* A sender may attach more than one; the kernel must not hand us those. */
static void
test_surplus_descriptors_do_not_arrive(void **state)
{
	struct ipc_message m = message(IPC_LISTENER, 1);
	struct iovec iov = {.iov_base = &m, .iov_len = sizeof(m)};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct msghdr msg;
	int sent[2];
	int fd = -1;
	char c;

	(void)state;
	assert_int_equal(pipe(sent), 0);
	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control.bytes);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(&control.header), (int[]){sent[1], sent[1]},
		2 * sizeof(int));
	assert_int_equal(sendmsg(pair[0], &msg, 0), (int)sizeof(m));
	(void)close(sent[1]);
	assert_int_equal(ipc_receive(pair[1], &m, &fd, INSTANCES), ERR_PARSE);
	assert_int_equal(fd, -1);
	/* End of file: no copy of the writing end is left in this process. */
	assert_int_equal(fcntl(sent[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(sent[0], &c, 1), 0);
	(void)close(sent[0]);
}

static void
test_nothing_there_and_nobody_there(void **state)
{
	struct ipc_message m = message(IPC_DRAIN, 0);
	int fd;

	(void)state;
	assert_int_equal(ipc_receive(pair[1], &m, &fd, INSTANCES), ERR_AGAIN);
	(void)shutdown(pair[0], SHUT_RDWR);
	assert_int_equal(ipc_receive(pair[1], &m, &fd, INSTANCES), ERR_EOF);
	assert_int_equal(ipc_send(pair[1], &m, -1), ERR_EOF);
}

static void
test_a_full_queue_does_not_block(void **state)
{
	struct ipc_message m = message(IPC_DRAIN, 0);
	enum err r = ERR_OK;

	(void)state;
	for (int i = 0; i < 100000 && r == ERR_OK; i++)
		r = ipc_send(pair[0], &m, -1);
	assert_int_equal(r, ERR_AGAIN);
}

static struct ipc_identity *
identity(void)
{
	struct ipc_identity *id = calloc(1, sizeof(*id));

	assert_non_null(id);
	id->magic = IPC_IDENTITY_MAGIC;
	id->address_count = 1;
	strcpy(id->addresses[0].text, "127.0.0.1");
	return id;
}

static enum err
pass_identity(const struct ipc_identity *id)
{
	struct ipc_identity *got = calloc(1, sizeof(*got));
	enum err r;

	assert_non_null(got);
	assert_int_equal(ipc_send_identity(pair[0], id), ERR_OK);
	r = ipc_receive_identity(pair[1], got, INSTANCES);
	if (r == ERR_OK)
		assert_memory_equal(id, got, sizeof(*id));
	free(got);
	return r;
}

static void
test_identity_passes(void **state)
{
	struct ipc_identity *id = identity();

	(void)state;
	assert_int_equal(pass_identity(id), ERR_OK);
	free(id);
}

/* Break one field at a time; each must be noticed. */
static void
test_identity_fields(void **state)
{
	struct ipc_identity *id = identity();
	const struct ipc_identity good = *id;

	(void)state;
#define REFUSED(assignment)                                                    \
	do {                                                                   \
		*id = good;                                                    \
		assignment;                                                    \
		assert_int_equal(pass_identity(id), ERR_PARSE);                \
	} while (0)
	REFUSED(id->magic = 0);
	REFUSED(id->instance = INSTANCES);
	REFUSED(id->result = IPC_RESULT_END);
	REFUSED(id->engine = IPC_ENGINE_END);
	REFUSED(id->address_count = ADDRESSES_MAX + 1);
	REFUSED(id->address_count = 0);
	REFUSED(id->name_count = NAMES_MAX + 1);
	REFUSED(id->anchors_len = ANCHORS_DER_MAX + 1);
	REFUSED(id->chain_len = CHAIN_DER_MAX + 1);
	REFUSED(id->private_key_len = PRIVATE_KEY_DER_MAX + 1);
	REFUSED(id->login_token_len = TOKEN_MAX);
	REFUSED(memset(id->addresses[3].text, 'x', ADDRESS_MAX));
	REFUSED(memset(id->names[7], 'x', HOST_LEN_MAX));
	REFUSED(memset(id->common_name, 'x', sizeof(id->common_name)));
	REFUSED(memset(
		id->database_version, 'x', sizeof(id->database_version)));
	REFUSED(memset(id->login_token, 'x', sizeof(id->login_token)));
	REFUSED(memset(id->detail, 'x', sizeof(id->detail)));
#undef REFUSED
	free(id);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_message_passes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_fields_out_of_range, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sizes_that_are_wrong, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_descriptor_is_carried, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_descriptor_of_a_refused_message_is_closed, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_surplus_descriptors_do_not_arrive, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_nothing_there_and_nobody_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_full_queue_does_not_block, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_identity_passes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_identity_fields, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
