/*
 * resolve.c - the connectors' way from a DNS name to an instance. Keeps
 * nothing; must never take a name for an instance that a record did not give.
 */
#include "fetcher/resolve.h"

#include "config_name.h"
#include "fetcher/dns.h"
#include "wire/dns_message.h"

#include <string.h>
#include <strings.h>

bool
resolve_connection_name(struct instance_config *to, const char *name)
{
	struct instance_config parts;
	struct error e;

	memset(&parts, 0, sizeof(parts));
	error_clear(&e);
	if (name_read(&parts, span_str(name), &e) != ERR_OK ||
		parts.product != PRODUCT_CLOUDSQL || parts.domain[0] != '\0')
		return false;
	memcpy(to->project, parts.project, sizeof(to->project));
	memcpy(to->region, parts.region, sizeof(to->region));
	memcpy(to->instance, parts.instance, sizeof(to->instance));
	return true;
}

static bool
is_googles(struct span zone)
{
	return span_equal_case_str(zone, "sql.goog") ||
	       span_equal_case_str(zone, "sql-psa.goog") ||
	       span_equal_case_str(zone, "sql-psc.goog");
}

/* LABEL.PROJECT-LABEL.REGION.ZONE, whose region is none of "global". */
static bool
read_google_name(const char *name, struct resolved *out)
{
	struct span rest = span_str(name);
	struct span part[3];
	struct writer w =
		writer_over(out->google_name, sizeof(out->google_name));
	bool more;

	for (size_t i = 0; i < 3; i++) {
		part[i] = name_take_until(&rest, '.', &more);
		if (!more || part[i].len == 0)
			return false;
	}
	if (!is_googles(rest) || span_equal_case_str(part[2], "global") ||
		!name_copy(out->instance.region, sizeof(out->instance.region),
			part[2]))
		return false;
	write_str(&w, name);
	write_str(&w, ".");
	write_u8(&w, 0);
	out->google = writer_ok(&w);
	return out->google;
}

/* Of several connection names the first in the alphabet, as the connectors. */
static const char *
choose(const struct dns_texts *texts)
{
	const char *best = NULL;

	for (size_t i = 0; i < texts->count; i++) {
		struct instance_config parts;

		if (resolve_connection_name(&parts, texts->text[i]) &&
			(best == NULL || strcmp(texts->text[i], best) < 0))
			best = texts->text[i];
	}
	return best;
}

enum err
resolve_domain(const struct instance_config *instance, struct resolved *out,
	struct error *e)
{
	static struct dns_texts texts; /* too large for the stack */
	char name[HOST_LEN_MAX];

	out->instance = *instance;
	out->google = false;
	memcpy(name, instance->domain, sizeof(name));
	for (int i = 0; i < RESOLVE_NAMES_MAX; i++) {
		const char *found;
		enum err err;

		if (read_google_name(name, out))
			return ERR_OK;
		err = dns_texts(&texts, name, DNS_TYPE_TXT, e);
		if (err != ERR_OK)
			return err;
		found = choose(&texts);
		if (found != NULL) {
			(void)resolve_connection_name(&out->instance, found);
			return ERR_OK;
		}
		err = dns_texts(&texts, name, DNS_TYPE_CNAME, e);
		if (err != ERR_OK)
			return err;
		if (texts.count == 0 || strcasecmp(texts.text[0], name) == 0)
			return error_set(e, ERR_CONFIG,
				"no DNS record found for \"%s\": expected a "
				"TXT record with a connection name "
				"(project:region:instance), or a CNAME record",
				name);
		memcpy(name, texts.text[0], sizeof(name));
	}
	return error_set(e, ERR_CONFIG,
		"cname lookup limit exceeded for \"%s\" (max %d)",
		instance->domain, RESOLVE_NAMES_MAX);
}
