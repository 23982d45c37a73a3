/*
 * config_check.c - which options go together. Pure, but for the accounts that
 * --socket-owner names.
 */
#include "config_check.h"

#include "config_accounts.h"
#include "config_values.h"

#include <stdio.h>
#include <string.h>

#define PAIR(a, b)                                                             \
	{                                                                      \
		ID_##a, ID_##b                                                 \
	}

/* Two options of a row cannot both be wanted. */
struct pair {
	uint8_t a;
	uint8_t b;
};

/* False and "" are not wanted, whoever gave them. */
static bool
wanted(const struct config *c, enum option_id id)
{
	switch ((unsigned)id) {
	case ID_gcloud_auth:
		return c->gcloud_auth;
	case ID_token:
		return c->token != NULL && *c->token != '\0';
	case ID_credentials_file:
		return c->credentials_file != NULL &&
		       *c->credentials_file != '\0';
	case ID_json_credentials:
		return c->json_credentials != NULL &&
		       *c->json_credentials != '\0';
	default:
		return false;
	}
}

static enum err
check_pairs(const struct config *c, const struct pair *pairs, size_t count,
	struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		enum option_id a = (enum option_id)pairs[i].a;
		enum option_id b = (enum option_id)pairs[i].b;
		enum option_of of;

		if (wanted(c, a) && wanted(c, b))
			return error_set(e, ERR_USAGE,
				"cannot specify --%s and --%s flags at the "
				"same time",
				option_name(a, 0, &of), option_name(b, 0, &of));
	}
	return ERR_OK;
}

/* What this program does not do, said before it is missed. */
static enum err
check_refused(const struct config *c, struct error *e)
{
	if (c->fuse != NULL)
		return error_set(e, ERR_USAGE,
			"--fuse is not supported: name the instances, and use "
			"--unix-socket for sockets");
	if (c->gcloud_auth)
		return error_set(e, ERR_USAGE,
			"--gcloud-auth is not supported: run \"gcloud auth "
			"application-default login\" and leave it out, or use "
			"--credentials-file");
	if (c->sql_data)
		return error_set(e, ERR_USAGE,
			"--sql-data is not supported: connect by --psc, "
			"--private-ip or the public address");
	return ERR_OK;
}

static enum err
check_listeners(
	const struct config *c, const bool given[ID_COUNT], struct error *e)
{
	struct error why;

	if (given[ID_unix_socket] && given[ID_address])
		return error_set(e, ERR_USAGE,
			"cannot specify --unix-socket and --address together");
	if (given[ID_unix_socket] && given[ID_port])
		return error_set(e, ERR_USAGE,
			"cannot specify --unix-socket and --port together");
	error_clear(&why);
	if (value_address(c->address, &why) != ERR_OK)
		return error_set(e, ERR_USAGE, "not a valid IP address: \"%s\"",
			c->address);
	if (strcmp(c->http_address, "localhost") != 0 &&
		value_address(c->http_address, &why) != ERR_OK)
		return error_set(e, ERR_USAGE,
			"--http-address must be an IP address or localhost "
			"(\"%s\")",
			c->http_address);
	return ERR_OK;
}

static enum err
check_addresses(const struct config *c, struct error *e)
{
	if (c->private_ip && c->auto_ip)
		return error_set(e, ERR_USAGE,
			"cannot specify --private-ip and --auto-ip together");
	if (c->private_ip + c->psc + c->sql_data > 1)
		return error_set(e, ERR_USAGE,
			"cannot specify --private-ip, --psc, and --sql-data "
			"flags at the same time");
	return ERR_OK;
}

static enum err
check_credentials(const struct config *c, struct error *e)
{
	static const struct pair pairs[] = {
		PAIR(token, credentials_file),
		PAIR(token, gcloud_auth),
		PAIR(credentials_file, gcloud_auth),
		PAIR(json_credentials, token),
		PAIR(json_credentials, credentials_file),
		PAIR(json_credentials, gcloud_auth),
	};

	if (check_pairs(c, pairs, sizeof(pairs) / sizeof(pairs[0]), e) !=
		ERR_OK)
		return e->code;
	if (c->auto_iam_authn && c->token != NULL && c->login_token == NULL)
		return error_set(e, ERR_USAGE,
			"cannot specify --auto-iam-authn and --token without "
			"--login-token");
	if (c->login_token != NULL && (c->token == NULL || !c->auto_iam_authn))
		return error_set(e, ERR_USAGE,
			"cannot specify --login-token without --token and "
			"--auto-iam-authn");
	return ERR_OK;
}

static enum err
check_endpoint(const char *option, const char *url, struct error *e)
{
	if (strncmp(url, "https://", 8) == 0 && url[8] != '\0')
		return ERR_OK;
	return error_set(e, ERR_USAGE,
		"the value provided for --%s is not a valid URL, %s (it must "
		"begin with https://)",
		option, url);
}

static enum err
check_api(const struct config *c, const bool given[ID_COUNT], struct error *e)
{
	if (given[ID_sqladmin_api_endpoint] && given[ID_universe_domain])
		return error_set(e, ERR_USAGE,
			"cannot specify --sqladmin-api-endpoint and "
			"--universe-domain at the same time");
	if (check_endpoint("sqladmin-api-endpoint", c->sqladmin_api_endpoint,
		    e) != ERR_OK)
		return e->code;
	return check_endpoint(
		"alloydbadmin-api-endpoint", c->alloydbadmin_api_endpoint, e);
}

static enum err
check_own(const struct config *c, struct error *e)
{
	if (c->pause && c->command != NULL)
		return error_set(
			e, ERR_USAGE, "--pause goes without a command");
	if (c->check_only && c->command != NULL)
		return error_set(e, ERR_USAGE, "check goes without a command");
	if (c->refresh_timeout == 0 || c->dial_timeout == 0)
		return error_set(e, ERR_USAGE,
			"--refresh-timeout and --dial-timeout must be longer "
			"than 0");
	if (c->notify_fd > NOTIFY_FD_MAX ||
		(c->notify_fd > 0 && c->notify_fd <= 2))
		return error_set(e, ERR_USAGE,
			"--notify-fd must be from 3 to %d", NOTIFY_FD_MAX);
	return ERR_OK;
}

static enum err
missing_instance(const struct config *c, struct error *e)
{
	if (c->called == OF_ALLOYDB)
		return error_set(e, ERR_USAGE,
			"missing instance uri (e.g., projects/$PROJECT/"
			"locations/$LOCATION/clusters/$CLUSTER/instances/"
			"$INSTANCE)");
	return error_set(e, ERR_USAGE,
		"missing instance_connection_name (e.g., "
		"project:region:instance)%s",
		c->called == OF_NONE && !c->check_only
			? ", or a command after --"
			: "");
}

enum err
config_check(const struct config *c, const bool given[ID_COUNT],
	size_t instances, struct error *e)
{
	if (instances == 0 && c->fuse == NULL &&
		((c->command == NULL && !c->pause) || c->check_only))
		return missing_instance(c, e);
	if (c->fuse != NULL && c->run_connection_test)
		return error_set(e, ERR_USAGE,
			"cannot run connection tests in FUSE mode");
	if (c->fuse != NULL)
		return check_refused(c, e);
	if (check_listeners(c, given, e) != ERR_OK ||
		check_addresses(c, e) != ERR_OK ||
		check_credentials(c, e) != ERR_OK ||
		check_refused(c, e) != ERR_OK ||
		check_api(c, given, e) != ERR_OK)
		return e->code;
	return check_own(c, e);
}

const char *
config_variable(char *const envp[], const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; envp[i] != NULL; i++) {
		if (envp[i][0] == name[0] && strncmp(envp[i], name, len) == 0 &&
			envp[i][len] == '=' && envp[i][len + 1] != '\0')
			return envp[i] + len + 1;
	}
	return NULL;
}

/* "https://SERVICE.DOMAIN" where the user named the domain and no URL. */
static enum err
universe_endpoint(const char **url, char *space, const char *service,
	const char *domain, struct error *e)
{
	int n = snprintf(space, ENDPOINT_MAX, "https://%s.%s", service, domain);

	if (n < 0 || n >= ENDPOINT_MAX)
		return error_set(e, ERR_USAGE, "--universe-domain is too long");
	*url = space;
	return ERR_OK;
}

static enum err
derive_endpoints(struct config *c, const bool given[ID_COUNT],
	char *const envp[], struct error *e)
{
	if (c->universe_domain == NULL)
		c->universe_domain =
			config_variable(envp, "GOOGLE_CLOUD_UNIVERSE_DOMAIN");
	if (c->universe_domain == NULL)
		return ERR_OK;
	if (!given[ID_sqladmin_api_endpoint] &&
		universe_endpoint(&c->sqladmin_api_endpoint,
			c->sqladmin_endpoint_text, "sqladmin",
			c->universe_domain, e) != ERR_OK)
		return e->code;
	if (given[ID_alloydbadmin_api_endpoint])
		return ERR_OK;
	return universe_endpoint(&c->alloydbadmin_api_endpoint,
		c->alloydb_endpoint_text, "alloydb", c->universe_domain, e);
}

enum err
config_derive(struct config *c, const bool given[ID_COUNT], char *const envp[],
	struct error *e)
{
	struct error why;

	error_clear(&why);
	if (c->socket_owner != NULL && accounts_look_up(&c->socket_account,
					       c->socket_owner, &why) != ERR_OK)
		return error_set(e, why.code, "--socket-owner: %s", why.detail);
	if (strcmp(c->http_address, "localhost") == 0)
		c->http_address = "127.0.0.1";
	c->http = c->health_check || c->prometheus || given[ID_http_port];
	if (c->ca_file == NULL)
		c->ca_file = config_variable(envp, "SSL_CERT_FILE");
	if (c->quota_project == NULL)
		c->quota_project =
			config_variable(envp, "GOOGLE_CLOUD_QUOTA_PROJECT");
	return derive_endpoints(c, given, envp, e);
}
