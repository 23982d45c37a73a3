/*
 * test_config_proxies.c - what Google's two proxies take: their flags, names
 * of instances, environment variables, and the sentences of their refusals.
 */
#include "parsed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define URI "projects/p/locations/l/clusters/c/instances/i"

/* Every flag of the two, with a value of its kind. */
static void
test_every_flag(void **state)
{
	(void)state;
	assert_accepted(
		"fairlead --user-agent x --token t --login-token l -i "
		"--quota-project q --sqladmin-api-endpoint https://a/ "
		"--sqldata-api-endpoint x:443 --sql-data-endpoint x:443 "
		"--address ::1 --port 7000 --resource-exhausted-cooldown-"
		"delay 5s --max-connections 5 --private-ip p:r:i");
	assert_accepted(
		"fairlead --lazy-refresh --min-sigterm-delay 1s "
		"--max-sigterm-delay 2s --exit-zero-on-sigterm "
		"--run-connection-test --skip-failed-instance-config "
		"--health-check --prometheus --prometheus-namespace n "
		"--http-address 0.0.0.0 --http-port 8090 --admin-port 8091 "
		"--quitquitquit --debug --structured-logs --debug-logs "
		"--quiet p:r:i");
	assert_true(config.lazy_refresh && config.exit_zero_on_sigterm &&
		    config.run_connection_test && config.health_check &&
		    config.skip_failed_instance_config && config.prometheus &&
		    config.quitquitquit && config.debug);
	assert_int_equal(config.min_sigterm_delay, 1000);
	assert_int_equal(config.max_sigterm_delay, 2000);
	assert_int_equal(config.http_port, 8090);
	assert_int_equal(config.admin_port, 8091);
	assert_string_equal(config.http_address, "0.0.0.0");
	assert_accepted(
		"fairlead --telemetry-project p --telemetry-prefix x "
		"--telemetry-sample-rate 5 --disable-traces --disable-metrics "
		"--disable-built-in-telemetry --fuse-tmp-dir /x -u /s p:r:i");
	assert_accepted("fairlead --exit-zero-sigterm --with-backend-check "
			"--public-ip "
			"--alloydbadmin-api-endpoint https://x " URI);
	assert_true(config.exit_zero_on_sigterm);
	assert_accepted(
		"fairlead -c f --impersonate-service-account a,b p:r:i");
	assert_string_equal(config.credentials_file, "f");
	assert_string_equal(config.http_address, "127.0.0.1");
	assert_accepted("fairlead -j {} p:r:i");
	assert_string_equal(config.json_credentials, "{}");
}

static void
test_refused_together(void **state)
{
	(void)state;
	assert_refused("fairlead -u /s -a 127.0.0.1 p:r:i",
		"cannot specify --unix-socket and --address together");
	assert_refused("fairlead -u /s -p 1 p:r:i",
		"cannot specify --unix-socket and --port together");
	assert_refused("fairlead -a localhost p:r:i",
		"not a valid IP address: \"localhost\"");
	assert_refused("fairlead -t t -c f p:r:i",
		"cannot specify --token and --credentials-file flags at the "
		"same time");
	assert_refused("fairlead -j t -c f p:r:i",
		"cannot specify --json-credentials and --credentials-file "
		"flags at the same time");
	assert_refused("fairlead --sqladmin-api-endpoint https://x "
		       "--universe-domain u p:r:i",
		"cannot specify --sqladmin-api-endpoint and "
		"--universe-domain at the same time");
	assert_refused("fairlead --alloydbadmin-api-endpoint http://x " URI,
		"must begin with https://");
	assert_refused("fairlead --run-connection-test --fuse /x",
		"cannot run connection tests in FUSE mode");
	assert_refused("fairlead --fuse /x", "--fuse is not supported");
	assert_refused("fairlead -g p:r:i", "--gcloud-auth is not supported");
	assert_refused(
		"fairlead --sql-data p:r:i", "--sql-data is not supported");
	assert_refused("fairlead --min-sigterm-delay 30 p:r:i", "30");
}

static void
test_alloydb_instances(void **state)
{
	const struct instance_config *ic = &config.instances[0];

	(void)state;
	assert_accepted("fairlead projects/example.com:p/locations/us-central1/"
			"clusters/c1/instances/i-1?port=6000 p:r:i");
	assert_int_equal(ic->product, PRODUCT_ALLOYDB);
	assert_string_equal(ic->project, "example.com:p");
	assert_string_equal(ic->region, "us-central1");
	assert_string_equal(ic->cluster, "c1");
	assert_string_equal(ic->instance, "i-1");
	assert_string_equal(ic->name, "example.com:p.us-central1.c1.i-1");
	assert_int_equal(ic->ip, IP_PRIVATE);
	assert_int_equal(ic->port, 6000);
	assert_int_equal(config.instances[1].product, PRODUCT_CLOUDSQL);
	assert_accepted(
		"fairlead --public-ip /" URI "?psc " URI "?public-ip=false "
		"//alloydb.googleapis.com/" URI);
	assert_int_equal(ic[0].ip, IP_PSC);
	assert_int_equal(ic[1].ip, IP_PRIVATE);
	assert_int_equal(ic[2].ip, IP_PUBLIC);
	assert_refused("fairlead " URI "/", "could not parse instance uri");
	assert_refused("fairlead " URI "/x", "could not parse instance uri");
	assert_refused("fairlead projects/p/locations/l/clusters/C/instances/i",
		"could not parse instance uri");
	assert_refused("fairlead projects/p/locations/l/clusters//instances/i",
		"could not parse instance uri");
	assert_refused(
		"fairlead projects/p/locations/l/clusters/c-/instances/i",
		"could not parse instance uri");
	assert_refused("fairlead " URI "?public-ip=yes",
		"public-ip query param should be true or false, got: \"yes\"");
}

static void
test_dns_names(void **state)
{
	static const char *const bad[] = {"fairlead db", "fairlead 10.0.0.1",
		"fairlead Db.example.com", "fairlead db..com"};
	const struct instance_config *ic = &config.instances[0];

	(void)state;
	assert_accepted(
		"fairlead db_1.example.com.?port=6432 prod.example.com");
	assert_string_equal(ic->domain, "db_1.example.com");
	assert_string_equal(ic->name, "db_1.example.com.");
	assert_string_equal(ic->project, "");
	assert_int_equal(ic->product, PRODUCT_CLOUDSQL);
	assert_string_equal(ic[1].domain, "prod.example.com");
	assert_accepted("fairlead p:r:i");
	assert_string_equal(ic->domain, "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], "is not an instance connection name");
}

static void
test_environment_names(void **state)
{
	(void)state;
	assert_int_equal(
		parse_with("fairlead p:r:i",
			"CSQL_PROXY_EXIT_ZERO_ON_SIGTERM=true "
			"CSQL_PROXY_HTTP_PORT=1 ALLOYDB_PROXY_HTTP_PORT=2 "
			"ALLOYDB_PROXY_PUBLIC_IP=true CSQL_PROXY_PUBLIC_IP=x "
			"CSQL_PROXY_FAILOVER_PERIOD=x"),
		ERR_OK);
	assert_true(config.exit_zero_on_sigterm);
	assert_true(config.public_ip);
	assert_int_equal(config.http_port, 1);
	assert_int_equal(config.failover_period, 30000);
	assert_int_equal(parse_with("fairlead p:r:i",
				 "ALLOYDB_PROXY_EXIT_ZERO_SIGTERM=1 "
				 "FAIRLEAD_TLS_RESUMPTION=off"),
		ERR_OK);
	assert_true(config.exit_zero_on_sigterm);
	assert_false(config.tls_resumption);
	assert_int_equal(
		parse_with("fairlead p:r:i", "ALLOYDB_PROXY_MAX_CONNECTIONS=x"),
		ERR_USAGE);
	assert_non_null(strstr(error.detail, "ALLOYDB_PROXY_MAX_CONNECTIONS"));
}

static void
test_universe(void **state)
{
	(void)state;
	assert_accepted("fairlead --universe-domain example.org p:r:i");
	assert_string_equal(
		config.sqladmin_api_endpoint, "https://sqladmin.example.org");
	assert_string_equal(config.alloydbadmin_api_endpoint,
		"https://alloydb.example.org");
	assert_int_equal(
		parse_with("fairlead --sqladmin-api-endpoint https://a p:r:i",
			"GOOGLE_CLOUD_UNIVERSE_DOMAIN=b "
			"GOOGLE_CLOUD_QUOTA_PROJECT=q"),
		ERR_OK);
	assert_string_equal(config.sqladmin_api_endpoint, "https://a");
	assert_string_equal(config.quota_project, "q");
}

static void
test_who_may_connect(void **state)
{
	(void)state;
	assert_accepted(
		"fairlead --socket-mode 660 --socket-owner 12:34 p:r:i");
	assert_int_equal(config.socket_mode, 0660);
	assert_int_equal(config.socket_account.uid, 12);
	assert_int_equal(config.socket_account.gid, 34);
	assert_false(config.allow_uid.set);
	assert_accepted("fairlead --allow-uid 1,2 --allow-uid root p:r:i");
	assert_true(config.allow_uid.set);
	assert_int_equal(config.allow_uid.count, 3);
	assert_int_equal(config.allow_uid.list[1], 2);
	assert_int_equal(config.allow_uid.list[2], 0);
	assert_accepted("fairlead --allow-uid 1,any p:r:i -- x");
	assert_false(config.allow_uid.set);
	/* An app with a user of its own has its connections for itself. */
	assert_accepted("fairlead --user 77 p:r:i -- x");
	assert_true(config.allow_uid.set);
	assert_int_equal(config.allow_uid.count, 2);
	assert_int_equal(config.allow_uid.list[0], 77);
	assert_accepted("fairlead --user 0 p:r:i -- x");
	assert_false(config.allow_uid.set);
	assert_refused("fairlead --socket-mode 1777 p:r:i", "--socket-mode");
	assert_refused("fairlead --socket-mode rw p:r:i", "--socket-mode");
	assert_refused("fairlead --allow-uid 1, p:r:i", "--allow-uid");
	assert_refused("fairlead --allow-uid 1:2 p:r:i", "--allow-uid");
	assert_refused("fairlead --allow-uid nobodyhere p:r:i", "nobodyhere");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_flag),
		cmocka_unit_test(test_refused_together),
		cmocka_unit_test(test_alloydb_instances),
		cmocka_unit_test(test_dns_names),
		cmocka_unit_test(test_environment_names),
		cmocka_unit_test(test_universe),
		cmocka_unit_test(test_who_may_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
