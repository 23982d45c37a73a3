/*
 * test_jwt.c - signed claims against what Python's cryptography makes of the
 * same key and claims.
 */
#include "base/limits.h"
#include "fetcher/jwt.h"
#include "pemvec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char token_for_endpoint[] =
	"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjBhMWIyYyJ9.eyJpc3MiOiJ"
	"zYUBteS1wcm9qLmlhbS5nc2VydmljZWFjY291bnQuY29tIiwiYXVkIjoiaHR0cHM6Ly9"
	"vYXV0aDIuZ29vZ2xlYXBpcy5jb20vdG9rZW4iLCJzY29wZSI6Imh0dHBzOi8vd3d3Lmd"
	"vb2dsZWFwaXMuY29tL2F1dGgvc3Fsc2VydmljZS5hZG1pbiIsImlhdCI6MTc2NzIyNTU"
	"5MCwiZXhwIjoxNzY3MjI5MTkwfQ.QbnYivzuhZ1hndyjAAeNJ7b7GHtUfvvdiKyZ5MAz"
	"OB4EmC_BS9eVaW-TFXqAGt4rFiUxVO2XErk4xRRyxJfZ4p7CMzncLnhk7yrmk2QJ3PrC"
	"O-"
	"5XXMs13M6XnJhIEB2zl4f4d9fvrtMlxCHN3FZKgm8fP048U28Lb3yRnykhS0TYY0iR-"
	"f0kRNe5WaGlhQ3hDJBdQLPMsELb7gii5N53BJwat9AnmHXcaDFVRBtAEBMFp64XPK5x-"
	"8_xUyP8VthVe35rPH3wK-"
	"7xLlLUjnZnmKHLyUI_gKrC3dY3a6w2updzS8crCljkzvPW3QFB7ozUjlnb7giWWkp0mk"
	"T2VaJNRg";

static const char token_for_api[] =
	"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJhXCJcXEBiIiwic3ViIjo"
	"iYVwiXFxAYiIsInNjb3BlIjoicyIsImlhdCI6MTc2NzIyNTU5MCwiZXhwIjoxNzY3MjI"
	"5MTkwfQ.ELkxJxh_9Yjwu61abSn1AJ3sfW0V3ee-tbvlJCdRMF7jUgGZLsonkjhRPTAj"
	"7vo8Sm44AgRwoFkNwNAX8qQcr8gw4D5i7CghK0houRVZfgqkhSYqXJjP_8rxcQ1Sdmvi"
	"j0kQkrj6c8bO-mwgvKm5U9xVL0s3RlmsdAcIx1LfP8sbHrxm5INRegnK6ieCJoT-1J-"
	"_T4lNYFDPROE-"
	"08xOzCLO0BzC4j1HgtFH9YwSWuzUeI96KG1K6PJvMXYkRtZRyhzhF13gEJ24GO4p4HNx"
	"aqRumLAO2AC0pIFgSGLBU_-RH01J6YGXE2S4QI6EEnuWx4r4or8Kng9mU3fvpNjz0A";

static struct keypair key;
static uint8_t room[4096];

static int
read_key(void **state)
{
	(void)state;
	return keypair_from_der(&key, pemvec_key("rsa2048")) == ERR_OK ? 0 : -1;
}

static void
expect(const struct jwt_claims *c, const char *expected)
{
	struct writer w = writer_over(room, sizeof(room));

	write_str(&w, "before");
	assert_int_equal(jwt_write(&w, c, &key), ERR_OK);
	assert_int_equal(w.len, 6 + strlen(expected));
	assert_memory_equal(room + 6, expected, strlen(expected));
}

static void
signs_as_others_do(void **state)
{
	const struct jwt_claims endpoint = {.key_id = "0a1b2c",
		.issuer = "sa@my-proj.iam.gserviceaccount.com",
		.audience = "https://oauth2.googleapis.com/token",
		.scope = "https://www.googleapis.com/auth/sqlservice.admin",
		.now_s = PEMVEC_NOW};
	const struct jwt_claims api = {.key_id = "",
		.issuer = "a\"\\@b",
		.subject = "a\"\\@b",
		.scope = "s",
		.now_s = PEMVEC_NOW};

	(void)state;
	expect(&endpoint, token_for_endpoint);
	expect(&api, token_for_api);
}

static void
refuses_what_does_not_fit(void **state)
{
	static char name[4096];
	struct jwt_claims c = {
		.key_id = "", .issuer = "a", .now_s = PEMVEC_NOW};

	(void)state;
	for (size_t cap = 0; cap < 300; cap += 7) {
		struct writer w = writer_over(room, cap);

		assert_int_equal(jwt_write(&w, &c, &key), ERR_LIMIT);
	}
	memset(name, 'x', sizeof(name) - 1);
	c.issuer = name;
	struct writer w = writer_over(room, sizeof(room));
	assert_int_equal(jwt_write(&w, &c, &key), ERR_LIMIT);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_as_others_do),
		cmocka_unit_test(refuses_what_does_not_fit),
	};

	return cmocka_run_group_tests_name("jwt", tests, read_key, NULL);
}
