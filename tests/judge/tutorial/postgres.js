// A web service as a tutorial of Cloud Run has it: a pool, one query, $PORT.
// The database is at 127.0.0.1, its user one of IAM, without a password.
'use strict';

const http = require('node:http');
const {Pool} = require('pg');

const pool = new Pool({
	host: '127.0.0.1',
	port: Number(process.env.DB_PORT || 5432),
	user: process.env.DB_USER,
	database: process.env.DB_NAME,
	max: 5,
});

const server = http.createServer(async (request, response) => {
	try {
		const result = await pool.query('SELECT NOW() AS now');
		response.writeHead(200, {'content-type': 'application/json'});
		response.end(JSON.stringify(result.rows[0]));
	} catch (error) {
		response.writeHead(500, {'content-type': 'text/plain'});
		response.end(error.message);
	}
});

process.on('SIGTERM', () => server.close(() => pool.end()));
server.listen(Number(process.env.PORT || 8080));
