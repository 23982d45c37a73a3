// The same with MySQL: one connection, opened before the server listens, which
// is the harder case for a proxy that starts at the same time.
'use strict';

const http = require('node:http');
const mysql = require('mysql2/promise');

async function main() {
	const connection = await mysql.createConnection({
		host: '127.0.0.1',
		port: Number(process.env.DB_PORT || 3306),
		user: process.env.DB_USER,
		database: process.env.DB_NAME,
	});
	const server = http.createServer(async (request, response) => {
		try {
			const [rows] = await connection.query('SELECT NOW() AS now');
			response.writeHead(200, {'content-type': 'application/json'});
			response.end(JSON.stringify(rows[0]));
		} catch (error) {
			response.writeHead(500, {'content-type': 'text/plain'});
			response.end(error.message);
		}
	});
	process.on('SIGTERM', () => server.close(() => connection.end()));
	server.listen(Number(process.env.PORT || 8080));
}

main().catch((error) => {
	console.error(error.message);
	process.exitCode = 1;
});
