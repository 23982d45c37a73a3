/*
 * test_api.c - what failures of an API are worth, how long retries wait, and
 * where tokens come from.
 */
#include "fetcher/api.h"
#include "fetcher/credentials.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct api api;

static void
sorts_failures(void **state)
{
	static const struct {
		enum err result;
		unsigned status;
		enum ipc_result class;
	} cases[] = {
		{ERR_OK, 200, IPC_RESULT_OK},
		{ERR_API, 400, IPC_RESULT_DENIED},
		{ERR_API, 401, IPC_RESULT_DENIED},
		{ERR_API, 403, IPC_RESULT_DENIED},
		{ERR_API, 404, IPC_RESULT_DENIED},
		{ERR_API, 408, IPC_RESULT_TEMPORARY},
		{ERR_API, 429, IPC_RESULT_THROTTLED},
		{ERR_API, 302, IPC_RESULT_TEMPORARY},
		{ERR_API, 500, IPC_RESULT_TEMPORARY},
		{ERR_API, 503, IPC_RESULT_TEMPORARY},
		{ERR_CONFIG, 200, IPC_RESULT_CONFIG},
		{ERR_CREDENTIALS, 0, IPC_RESULT_DENIED},
		{ERR_CERT, 0, IPC_RESULT_TEMPORARY},
		{ERR_TIMEOUT, 0, IPC_RESULT_TEMPORARY},
		{ERR_CONNECT, 0, IPC_RESULT_TEMPORARY},
		{ERR_DNS, 0, IPC_RESULT_TEMPORARY},
		{ERR_JSON, 200, IPC_RESULT_TEMPORARY},
		/* The last status seen says nothing about a later failure. */
		{ERR_TIMEOUT, 403, IPC_RESULT_TEMPORARY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		api.status = cases[i].status;
		assert_int_equal(
			api_classify(&api, cases[i].result), cases[i].class);
	}
}

static void
backs_off_as_the_connectors_do(void **state)
{
	static const uint64_t bounds[API_TRIES] = {324, 524, 847, 1371, 2218};

	(void)state;
	for (unsigned i = 0; i + 1 < API_TRIES; i++) {
		uint64_t width = bounds[i + 1] - bounds[i];

		assert_true(api_backoff_ms(i, 0) == bounds[i]);
		assert_true(api_backoff_ms(i, width - 1) == bounds[i + 1] - 1);
		assert_true(api_backoff_ms(i, width) == bounds[i]);
		assert_true(api_backoff_ms(i, UINT64_MAX) < bounds[i + 1]);
	}
}

static void
reads_retry_after(void **state)
{
	(void)state;
	assert_int_equal(api_retry_after(span_str("77")), 77);
	assert_int_equal(api_retry_after(span_str("0")), 0);
	assert_int_equal(api_retry_after(span_of(NULL, 0)), 0);
	assert_int_equal(api_retry_after(span_str("-1")), 0);
	assert_int_equal(api_retry_after(span_str("1.5")), 0);
	assert_int_equal(
		api_retry_after(span_str("Fri, 31 Dec 1999 23:59:59 GMT")), 0);
	assert_int_equal(api_retry_after(span_str("99999999999999999999")),
		REFRESH_RETRY_AFTER_MAX_S);
}

static void
chooses_the_source_of_tokens(void **state)
{
	struct config *config = calloc(1, sizeof(*config));
	struct credentials c;
	static struct token token;
	struct error e;

	(void)state;
	assert_non_null(config);
	credentials_init(&c, config, 0, NULL);
	assert_int_equal(c.source, CREDENTIALS_METADATA);
	assert_true(credentials_renewable(&c));
	assert_true(credentials_have_login(&c));
	config->token = "";
	credentials_init(&c, config, 0, NULL);
	assert_int_equal(c.source, CREDENTIALS_METADATA);

	config->token = "ya29.given";
	credentials_init(&c, config, 0, NULL);
	assert_int_equal(c.source, CREDENTIALS_GIVEN);
	assert_false(credentials_renewable(&c));
	assert_false(credentials_have_login(&c));
	error_clear(&e);
	assert_int_equal(credentials_token(&c, "scope", &token, &e), ERR_OK);
	assert_string_equal(token.text, "ya29.given");
	assert_true(token.expires_s == INT64_MAX);

	config->token = "SECRET\r\nX-Injected: yes";
	credentials_init(&c, config, 0, NULL);
	assert_int_equal(
		credentials_token(&c, "scope", &token, &e), ERR_CONFIG);
	assert_null(strstr(e.detail, "SECRET"));
	assert_string_equal(token.text, "");
	free(config);
}

/* Everything is refused before a byte is sent. */
static void
refuses_settings_that_cannot_work(void **state)
{
	static const struct {
		const char *endpoint;
		const char *user_agent;
		const char *quota_project;
		const char *word;
	} cases[] = {
		{"http://127.0.0.1:1", NULL, NULL, "https:// only"},
		{"127.0.0.1", NULL, NULL, "is not of the form"},
		{"https://127.0.0.1", "a\nb", NULL, "--user-agent"},
		{"https://127.0.0.1", NULL, "p\r\nX: y", "quota project"},
	};
	struct config *config = calloc(1, sizeof(*config));

	(void)state;
	assert_non_null(config);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct credentials c;
		struct error e;

		config->user_agent = cases[i].user_agent;
		config->quota_project = cases[i].quota_project;
		credentials_init(&c, config, 0, NULL);
		error_clear(&e);
		assert_int_equal(api_init(&api, cases[i].endpoint, "scope", &c,
					 config, &e),
			ERR_CONFIG);
		assert_non_null(strstr(e.detail, cases[i].word));
	}
	free(config);
}

/* A descriptor 0 that nobody opened here is not ours to close. */
static void
clears_what_was_never_begun(void **state)
{
	int before = fcntl(STDIN_FILENO, F_GETFD);

	(void)state;
	memset(&api, 0, sizeof(api));
	api_clear(&api);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), before);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_failures),
		cmocka_unit_test(backs_off_as_the_connectors_do),
		cmocka_unit_test(reads_retry_after),
		cmocka_unit_test(chooses_the_source_of_tokens),
		cmocka_unit_test(refuses_settings_that_cannot_work),
		cmocka_unit_test(clears_what_was_never_begun),
	};

	return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
