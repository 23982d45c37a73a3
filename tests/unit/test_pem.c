/*
 * test_pem.c - blocks are found among other text, and taken only whole.
 */
#include "wire/pem.h"

#include "guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define A     "-----BEGIN A-----\n"
#define END_A "-----END A-----\n"

/* Labels and contents of all blocks, as "label=content;", or the error. */
static enum err
blocks(const char *text, char *out, size_t cap)
{
	size_t len = strlen(text);
	uint8_t *copy = guarded_copy(text, len);
	struct reader r = reader_over(span_of(copy, len));
	struct writer w = writer_over(out, cap - 1);
	struct pem_block b;
	enum err e;

	while ((e = pem_next(&r, &b)) == ERR_OK) {
		write_span(&w, b.label);
		write_str(&w, "=");
		e = pem_decode(&b, &w);
		if (e != ERR_OK)
			break;
		write_str(&w, ";");
	}
	out[w.len] = '\0';
	guarded_free(copy, len);
	return e;
}

static void
gives(const char *text, enum err code, const char *expected)
{
	char out[256];

	assert_int_equal(blocks(text, out, sizeof(out)), code);
	if (code == ERR_EOF)
		assert_string_equal(out, expected);
}

static void
test_blocks(void **state)
{
	(void)state;
	gives("", ERR_EOF, "");
	gives("hello\n", ERR_EOF, "");
	gives(A "aGk=\n" END_A, ERR_EOF, "A=hi;");
	gives(A "aGk=\n-----END A-----", ERR_EOF, "A=hi;");
	gives(A "aG\nk=\n" END_A, ERR_EOF, "A=hi;");
	gives("subject: x\n\n" A "aGk=\n" END_A "text\n" A "aG8=\n" END_A "end",
		ERR_EOF, "A=hi;A=ho;");
	gives("-----BEGIN RSA PRIVATE KEY-----\naGk=\n"
	      "-----END RSA PRIVATE KEY-----\n" A "aG8=\n" END_A,
		ERR_EOF, "RSA PRIVATE KEY=hi;A=ho;");
}

static void
test_line_ends(void **state)
{
	(void)state;
	gives("x\r\n-----BEGIN A-----\r\naGk=\r\n-----END A-----\r\n", ERR_EOF,
		"A=hi;");
	gives("-----BEGIN A----- \t\n  aGk=  \n-----END A-----  ", ERR_EOF,
		"A=hi;");
}

static void
test_broken_framing(void **state)
{
	(void)state;
	gives("-----BEGIN A-----", ERR_PARSE, NULL);
	gives(A, ERR_PARSE, NULL);
	gives(A "aGk=\n", ERR_PARSE, NULL);
	gives(A "aGk=\n-----END B-----\n", ERR_PARSE, NULL);
	gives(A "aGk=\n-----END A\n", ERR_PARSE, NULL);
	gives(A "aGk=\n-----FIN A-----\n", ERR_PARSE, NULL);
	gives(A "aGk=\n-----END -----\n", ERR_PARSE, NULL);
	gives(A "aGk=\n" A "aGk=\n" END_A, ERR_PARSE, NULL);
	gives("-----BEGIN A\naGk=\n" END_A, ERR_PARSE, NULL);
	gives("-----BEGIN -----\naGk=\n-----END -----\n", ERR_PARSE, NULL);
	gives(A "aGk=-----END A-----\n", ERR_PARSE, NULL);
	/* An end without a beginning is text. */
	gives(END_A, ERR_EOF, "");
	gives(" " A, ERR_EOF, "");
}

static void
test_broken_contents(void **state)
{
	(void)state;
	gives(A END_A, ERR_PARSE, NULL);
	gives(A "aGk\n" END_A, ERR_PARSE, NULL);
	gives(A "a*k=\n" END_A, ERR_PARSE, NULL);
	gives(A "Proc-Type: 4,ENCRYPTED\n\naGk=\n" END_A, ERR_PARSE, NULL);
}

static void
test_full_writer(void **state)
{
	char out[4];

	(void)state;
	assert_int_equal(
		blocks(A "aGVsbG8=\n" END_A, out, sizeof(out)), ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_broken_framing),
		cmocka_unit_test(test_broken_contents),
		cmocka_unit_test(test_full_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
