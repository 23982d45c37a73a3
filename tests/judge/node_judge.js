// Asks for rows through Google's Node.js connector, as its README has it.
// Prints what it got as JSON. Told what to do by JUDGE_* variables.
'use strict';

const pg = require('pg');
const {Connector} = require('@google-cloud/cloud-sql-connector');

async function main() {
	const env = process.env;
	const connector = new Connector({
		sqlAdminAPIEndpoint: env.JUDGE_ENDPOINT,
	});
	const options = await connector.getOptions({
		instanceConnectionName: env.JUDGE_INSTANCE,
		ipType: env.JUDGE_IP_TYPE,
		authType: env.JUDGE_IAM ? 'IAM' : 'PASSWORD',
	});
	const client = new pg.Client({
		...options,
		user: env.JUDGE_USER,
		database: 'orders',
	});
	client.on('error', () => {});
	await client.connect();
	const result = await client.query({
		text: env.JUDGE_SQL,
		rowMode: 'array',
	});
	// A pipe takes its time, and exit() does not wait for it.
	await new Promise((done) =>
		process.stdout.write(JSON.stringify(result.rows), done));
	await client.end();
	connector.close();
}

main().then(
	() => process.exit(0),
	(error) => {
		console.error(error);
		process.exit(1);
	},
);
