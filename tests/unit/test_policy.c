/*
 * test_policy.c - chains on which validators of X.509 differ, and our verdicts
 * on them: the tables in tls/x509.h and tests/conformance/limbo/differences.
 */
#include "tls/names.h"
#include "tls/x509.h"

#include "pemvec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct policy_case {
	const char *name;
	const char *refusal; /* NULL: accepted */
	const char *anchor;
	const char *chain; /* leaf first */
};

#include "vectors/policy_data.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CASES    21

/* What server_auth.c asks, in its order. */
static enum err
judge(const struct x509_anchors *anchors, struct span entries, struct error *e)
{
	static struct x509_chain chain;
	const struct names_policy names = {
		.dns = {"db.example.com"}, .dns_count = 1};
	struct reader r = reader_over(entries);
	struct span leaf = read_block16(&r);
	const br_x509_pkey *key;

	x509_chain_begin(&chain, anchors, PEMVEC_NOW);
	x509_chain_append(&chain, leaf);
	while (!reader_done(&r) && reader_ok(&r))
		x509_chain_append(&chain, read_block16(&r));
	if (x509_chain_end(&chain, &key, e) == ERR_OK &&
		x509_check_leaf(leaf, e) == ERR_OK)
		return names_check(leaf, &names, e);
	return e->code;
}

static enum err
verdict_on(const struct policy_case *c, struct error *e)
{
	uint8_t der[8192];
	struct writer w = writer_over(der, sizeof(der));
	struct x509_anchors anchors;
	size_t count;
	enum err verdict;

	error_clear(e);
	assert_int_equal(
		x509_pem_to_entries(span_str(c->chain), &w, &count), ERR_OK);
	if (x509_anchors_from_pem(&anchors, span_str(c->anchor), e) != ERR_OK)
		return e->code;
	verdict = judge(&anchors, writer_span(&w), e);
	x509_anchors_free(&anchors);
	return verdict;
}

static void
test_verdicts(void **state)
{
	(void)state;
	assert_int_equal(COUNT(policy_cases), CASES);
	for (size_t i = 0; i < COUNT(policy_cases); i++) {
		const struct policy_case *c = &policy_cases[i];
		struct error e;
		enum err verdict = verdict_on(c, &e);

		if (verdict != (c->refusal == NULL ? ERR_OK : ERR_CERT))
			fail_msg("%s: %s", c->name, e.detail);
		if (c->refusal != NULL)
			assert_string_equal(e.detail, c->refusal);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
