/*
 * fetch_identity.c - ask one question of the fetcher, without init and tunnel,
 * and print the answer: for tests, and for a look at an API by hand.
 *
 *   fetch_identity [fairlead's options] INSTANCE
 *
 * FETCH_PUBLIC_KEY: hexadecimal SubjectPublicKeyInfo to be certified, as the
 * tunnel's at a refresh. One line "key: value" for each thing that matters;
 * secrets are shown by their length only. The exit status is the fetcher's,
 * or 128 + the signal that ended it.
 */
#include "base/clock.h"
#include "base/log.h"
#include "config.h"
#include "fetcher/fetcher_main.h"
#include "io/ipc.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const results[IPC_RESULT_END] = {
	[IPC_RESULT_OK] = "OK",
	[IPC_RESULT_TEMPORARY] = "TEMPORARY",
	[IPC_RESULT_THROTTLED] = "THROTTLED",
	[IPC_RESULT_DENIED] = "DENIED",
	[IPC_RESULT_CONFIG] = "CONFIG",
};

static const char *const engines[IPC_ENGINE_END] = {
	[IPC_ENGINE_UNKNOWN] = "UNKNOWN",
	[IPC_ENGINE_POSTGRES] = "POSTGRES",
	[IPC_ENGINE_MYSQL] = "MYSQL",
	[IPC_ENGINE_SQLSERVER] = "SQLSERVER",
};

static void
print_hex(const char *key, const uint8_t *bytes, size_t len)
{
	(void)printf("%s: ", key);
	for (size_t i = 0; i < len; i++)
		(void)printf("%02x", bytes[i]);
	(void)printf("\n");
}

static void
print_identity(const struct ipc_identity *id)
{
	(void)printf("result: %s\n", results[id->result]);
	(void)printf("detail: %s\n", id->detail);
	(void)printf("retry_after_s: %" PRIu32 "\n", id->retry_after_s);
	(void)printf(
		"fresh_token_needed: %u\n", (unsigned)id->fresh_token_needed);
	(void)printf("engine: %s\n", engines[id->engine]);
	(void)printf("database_version: %s\n", id->database_version);
	(void)printf("mdx: %u\n", (unsigned)id->mdx);
	(void)printf(
		"expires_in_s: %" PRId64 "\n", id->expires_s - clock_wall_s());
	for (size_t i = 0; i < id->address_count; i++)
		(void)printf("address: %s %u\n", id->addresses[i].text,
			(unsigned)id->addresses[i].port);
	for (size_t i = 0; i < id->name_count; i++)
		(void)printf("name: %s\n", id->names[i]);
	(void)printf("common_name: %s\n", id->common_name);
	(void)printf("anchors_len: %u\n", (unsigned)id->anchors_len);
	print_hex("chain", id->chain, id->chain_len);
	(void)printf("private_key_len: %u\n", (unsigned)id->private_key_len);
	(void)printf("login_token_len: %u\n", (unsigned)id->login_token_len);
}

static void
read_public_key(struct ipc_message *question)
{
	const char *hex = getenv("FETCH_PUBLIC_KEY");
	size_t max = sizeof(question->public_key);

	while (hex != NULL && hex[0] != '\0' &&
		question->public_key_len < max) {
		char digits[3] = {hex[0], hex[1], '\0'};

		question->public_key[question->public_key_len++] =
			(uint8_t)strtoul(digits, NULL, 16);
		hex += hex[1] == '\0' ? 1 : 2;
	}
}

/* Wait for the answer or for the fetcher's end, which closes its end. */
static void
receive(int fd)
{
	static struct ipc_identity id;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	enum err result;

	while (poll(&p, 1, -1) < 0)
		continue;
	result = ipc_receive_identity(fd, &id, 1);
	if (result == ERR_OK)
		print_identity(&id);
	else
		(void)printf("no answer: %s\n", error_text(result));
}

static int
ask(const struct config *config, const struct ipc_message *question)
{
	int fds[2];
	int status;
	pid_t pid;

	if (ipc_pair(fds) != ERR_OK)
		return 1;
	(void)fflush(NULL);
	pid = fork();
	if (pid < 0)
		return 1;
	if (pid == 0) {
		(void)close(fds[0]);
		_exit(fetcher_main(config, question, fds[1]));
	}
	(void)close(fds[1]);
	receive(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
main(int argc, char *argv[], char *envp[])
{
	static struct config config;
	struct ipc_message question;
	enum config_action action;
	struct error error;

	(void)argc;
	error_clear(&error);
	if (config_parse(&config, &action, argv, envp, &error) != ERR_OK ||
		action != CONFIG_RUN || config.instance_count != 1) {
		(void)fprintf(stderr, "fetch_identity: %s\n", error.detail);
		return 2;
	}
	log_setup(config.debug_logs ? LOG_DEBUG : LOG_WARN, false);
	memset(&question, 0, sizeof(question));
	question.kind = IPC_ASK_IDENTITY;
	read_public_key(&question);
	return ask(&config, &question);
}
