/*
 * flags.c - the tables of flags. A flag that is in none of them fails its
 * test: nothing is left out without a reason that is written here or in
 * config.json.
 */
#include "flags.h"

#include <stdlib.h>
#include <string.h>

#define TLS_1_3   0x0304
#define READ_SIZE 512 /* less than most messages, so that they are split */

enum kind {
	IGNORED,
	IGNORED_VALUE,
	SWITCH,    /* bool */
	NUMBER,    /* uint64_t */
	TEXT,      /* const char * */
	VERSION,   /* must be 1.3 */
	CREDENTIAL /* there can be one */
};

struct flag {
	const char *name;
	enum kind kind;
	size_t at; /* offset into struct flags */
};

struct refusal {
	const char *flag; /* a '*' at the end: any flag that begins so */
	const char *reason;
};

static const char server_role[] = "server role: this is a client";
static const char not_tcp[] = "DTLS and QUIC: the client runs over TCP";
static const char early_data[] = "early data is never sent";
static const char old_versions[] = "TLS 1.2 and older are never spoken";
static const char no_alpn[] = "ALPN, NPN and ALPS are not offered";
static const char no_ech[] = "ECH is not offered";
static const char no_status[] = "OCSP staples and SCTs are not asked for";
static const char no_psk[] = "external PSK and PAKE are not supported";
static const char no_rpk[] = "raw public keys and delegated credentials are "
			     "not supported";
static const char no_exporter[] = "there is no exporter";
static const char fixed_lists[] = "groups, suites and algorithms are fixed";
static const char one_certificate[] = "there is one client certificate, and "
				      "no choice among several";
static const char one_name[] = "tickets are offered for the same names only";
static const char other_api[] = "an interface of BoringSSL's own";
static const char no_extension[] = "an extension that is not supported";

static const struct refusal refusals[] = {
	{"-server", server_role},
	{"-dtls", not_tcp},
	{"-quic*", not_tcp},
	{"-on-retry-*", early_data},
	{"-expect-accept-early-data", early_data},
	{"-expect-reject-early-data", early_data},
	{"-alps-use-new-codepoint", no_alpn},
	{"-expect-no-ech-name-override", no_ech},
	{"-expect-resumable-across-names", one_name},
	{"-expect-not-resumable-across-names", one_name},
	{"-enable-early-data", early_data},
	{"-expect-ticket-supports-early-data", early_data},
	{"-no-tls13", old_versions},
	{"-cipher", old_versions},
	{"-fallback-scsv", old_versions},
	{"-false-start", old_versions},
	{"-expect-certificate-types", old_versions},
	{"-expect-secure-renegotiation", old_versions},
	{"-expect-no-secure-renegotiation", old_versions},
	{"-send-channel-id", old_versions},
	{"-tls-unique", old_versions},
	{"-psk*", no_psk},
	{"-pake*", no_psk},
	{"-new-psk-credential", no_psk},
	{"-new-spake2plusv1-credential", no_psk},
	{"-advertise-alpn", no_alpn},
	{"-expect-alpn", no_alpn},
	{"-select-next-proto", no_alpn},
	{"-select-empty-next-proto", no_alpn},
	{"-application-settings", no_alpn},
	{"-ech-config-list", no_ech},
	{"-enable-ech-grease", no_ech},
	{"-reject-unusable-ech-config", no_ech},
	{"-expect-no-ech-retry-configs", no_ech},
	{"-enable-ocsp-stapling", no_status},
	{"-enable-signed-cert-timestamps", no_status},
	{"-ocsp-response", no_status},
	{"-signed-cert-timestamps", no_status},
	{"-new-rpk-credential", no_rpk},
	{"-accepted-peer-cert-types", no_rpk},
	{"-available-client-cert-types", no_rpk},
	{"-new-delegated-credential", no_rpk},
	{"-export-*", no_exporter},
	{"-use-exporter-between-reads", no_exporter},
	{"-no-key-shares", fixed_lists},
	{"-fips-202205", fixed_lists},
	{"-wpa-202304", fixed_lists},
	{"-cnsa*", fixed_lists},
	{"-must-match-issuer", one_certificate},
	{"-expect-peer-verify-pref", other_api},
	{"-send-alert", other_api},
	{"-fail-cert-callback", other_api},
	{"-enable-grease", other_api},
	{"-permute-extensions", other_api},
	{"-expect-client-ca-list", other_api},
	{"-srtp-profiles", no_extension},
	{"-install-cert-compression-algs", no_extension},
	{"-install-one-cert-compression-alg", no_extension},
	{"-requested-trust-anchors", no_extension},
	{"-request-server-padding", no_extension},
	{NULL, NULL},
};

static const char *
refused(const char *name)
{
	for (const struct refusal *r = refusals; r->flag != NULL; r++) {
		size_t len = strlen(r->flag);

		if (r->flag[len - 1] == '*'
				? strncmp(r->flag, name, len - 1) == 0
				: strcmp(r->flag, name) == 0)
			return r->reason;
	}
	return NULL;
}

#define AT(member) offsetof(struct flags, member)

static const struct flag flags[] = {
	{"-refusals", TEXT, AT(refusals)},
	{"-port", NUMBER, AT(port)},
	{"-shim-id", NUMBER, AT(shim_id)},
	{"-ipv6", SWITCH, AT(ipv6)},
	{"-trust-cert", TEXT, AT(trust_cert)},
	{"-cert-file", TEXT, AT(cert_file)},
	{"-key-file", TEXT, AT(key_file)},
	{"-new-x509-credential", CREDENTIAL, AT(credentials)},
	{"-host-name", TEXT, AT(host_name)},
	{"-verify-fail", SWITCH, AT(verify_fail)},
	{"-async", SWITCH, AT(one_byte)},
	{"-partial-write", SWITCH, AT(one_byte)},
	{"-shim-writes-first", SWITCH, AT(shim_writes_first)},
	{"-read-with-unfinished-write", SWITCH, AT(unfinished_write)},
	{"-shim-initial-write", TEXT, AT(initial_write)},
	{"-repeat-shim-initial-write", NUMBER, AT(initial_writes)},
	{"-write-different-record-sizes", SWITCH, AT(record_sizes)},
	{"-shim-shuts-down", SWITCH, AT(shim_shuts_down)},
	{"-check-close-notify", SWITCH, AT(check_close_notify)},
	{"-key-update", SWITCH, AT(key_update)},
	{"-key-update-before-read", SWITCH, AT(key_update_before_read)},
	{"-peek-then-read", SWITCH, AT(peek)},
	{"-read-size", NUMBER, AT(read_size)},
	{"-resume-count", NUMBER, AT(resume_count)},
	{"-expect-session-miss", SWITCH, AT(expect_session_miss)},
	{"-expect-no-session", SWITCH, AT(expect_no_session)},
	{"-resumption-delay", NUMBER, AT(resumption_delay)},
	{"-expect-hrr", SWITCH, AT(expect_hrr)},
	{"-expect-no-hrr", SWITCH, AT(expect_no_hrr)},
	{"-expect-curve-id", NUMBER, AT(expect_group)},
	{"-expect-cipher", NUMBER, AT(expect_cipher)},
	{"-expect-cipher-aes", NUMBER, AT(expect_cipher_aes)},
	{"-expect-cipher-no-aes", NUMBER, AT(expect_cipher_no_aes)},
	{"-expect-version", VERSION, 0},
	{"-max-version", VERSION, 0},
	{"-min-version", IGNORED_VALUE, 0},
	{"-no-tls1", IGNORED, 0},
	{"-no-tls11", IGNORED, 0},
	{"-no-tls12", IGNORED, 0},
	{"-no-ticket", IGNORED, 0},
	{"-write-settings", IGNORED_VALUE, 0},
	/*
	 * Ours are fixed. A test that needs others is named in config.json.
	 */
	{"-curves", IGNORED_VALUE, 0},
	{"-curves-flags", IGNORED_VALUE, 0},
	{"-key-shares", IGNORED_VALUE, 0},
	{"-server-supported-groups-hint", IGNORED_VALUE, 0},
	{"-verify-prefs", IGNORED_VALUE, 0},
	{"-signing-prefs", IGNORED_VALUE, 0},
	{"-max-cert-list", IGNORED_VALUE, 0},
	{"-expect-selected-credential", IGNORED_VALUE, 0},
	/* Differences between ways of calling BoringSSL. */
	{"-implicit-handshake", IGNORED, 0},
	{"-renegotiate-once", IGNORED, 0},
	{"-renegotiate-freely", IGNORED, 0},
	{"-renegotiate-ignore", IGNORED, 0},
	{"-renegotiate-explicit", IGNORED, 0},
	{"-expect-total-renegotiations", IGNORED_VALUE, 0},
	{"-expect-extended-master-secret", IGNORED, 0},
	{"-handshake-twice", IGNORED, 0},
	{"-no-op-extra-handshake", IGNORED, 0},
	{"-forbid-renegotiation-after-handshake", IGNORED, 0},
	{"-cbc-record-splitting", IGNORED, 0},
	{"-no-legacy-server-connect", IGNORED, 0},
	{"-use-old-client-cert-callback", IGNORED, 0},
	/* The server is always verified, in one way. */
	{"-verify-peer", IGNORED, 0},
	{"-use-custom-verify-callback", IGNORED, 0},
	{"-expect-verify-result", IGNORED, 0},
	{"-reverify-on-resume", IGNORED, 0},
	/* What the engine does not remember. */
	{"-expect-peer-signature-algorithm", IGNORED_VALUE, 0},
	{"-expect-peer-cert-file", IGNORED_VALUE, 0},
	{"-require-any-client-certificate", IGNORED, 0},
	{"-expect-msg-callback", IGNORED_VALUE, 0},
	{"-expect-early-data-reason", IGNORED_VALUE,
		0}, /* why it is not sent */
	{NULL, IGNORED, 0},
};

static const struct flag *
find(const char *name)
{
	for (const struct flag *f = flags; f->name != NULL; f++) {
		if (strcmp(f->name, name) == 0)
			return f;
	}
	return NULL;
}

/* Why a flag that is followed cannot be; NULL: it was. */
static const char *
follow(struct flags *f, const struct flag *flag, const char *value)
{
	unsigned char *to = (unsigned char *)f + flag->at;
	uint64_t number = strtoull(value, NULL, 10);
	bool on = true;

	switch (flag->kind) {
	case IGNORED:
	case IGNORED_VALUE:
		break;
	case SWITCH:
		memcpy(to, &on, sizeof(on));
		break;
	case NUMBER:
		memcpy(to, &number, sizeof(number));
		break;
	case TEXT:
		memcpy(to, &value, sizeof(value));
		break;
	case VERSION:
		return number == TLS_1_3 ? NULL : old_versions;
	case CREDENTIAL:
		f->credentials++;
		return f->credentials == 1 ? NULL : one_certificate;
	}
	return NULL;
}

static bool
has_value(enum kind kind)
{
	return kind == IGNORED_VALUE || kind == NUMBER || kind == TEXT ||
	       kind == VERSION;
}

/* Which connections a flag is for: a mask. Its prefix is taken off. */
static unsigned
whom(const char **name)
{
	static const char *const prefix[] = {"-on-initial", "-on-resume"};

	for (unsigned i = 0; i < 2; i++) {
		size_t len = strlen(prefix[i]);

		if (strncmp(*name, prefix[i], len) == 0) {
			*name += len;
			return 1u << i;
		}
	}
	return 3;
}

static enum flags_verdict
parse_one(struct flags f[2], char ***arg, const char **what)
{
	const char *name = **arg;
	unsigned mask = whom(&name);
	const struct flag *flag = find(name);
	const char *value = "";

	*what = refused(name);
	if (*what != NULL)
		return FLAGS_REFUSED;
	*what = **arg;
	if (flag == NULL)
		return FLAGS_UNKNOWN;
	if (has_value(flag->kind)) {
		value = *++*arg;
		if (value == NULL)
			return FLAGS_UNKNOWN;
	}
	for (unsigned i = 0; i < 2; i++) {
		if ((mask & 1u << i) == 0)
			continue;
		*what = follow(&f[i], flag, value);
		if (*what != NULL)
			return FLAGS_REFUSED;
	}
	return FLAGS_OK;
}

enum flags_verdict
flags_parse(struct flags f[2], char **argv, const char **what)
{
	for (unsigned i = 0; i < 2; i++) {
		f[i].initial_write = "hello";
		f[i].initial_writes = 1;
		f[i].read_size = READ_SIZE;
	}
	for (char **arg = argv + 1; *arg != NULL; arg++) {
		enum flags_verdict verdict = parse_one(f, &arg, what);

		if (verdict != FLAGS_OK)
			return verdict;
	}
	return FLAGS_OK;
}
