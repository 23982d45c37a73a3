// A small web service as one would write it for Cloud Run: it listens on
// $PORT, keeps a pool of connections to its database, and ends in order when
// it is told to. It knows nothing of fairlead: the database is at 127.0.0.1.
'use strict';

const http = require('node:http');
const { Pool } = require('pg');

const pool = new Pool({
  host: '127.0.0.1',
  port: Number(process.env.DB_PORT || 5432),
  user: process.env.DB_USER || 'postgres',
  database: process.env.DB_NAME || 'orders',
  max: 5,
  connectionTimeoutMillis: 30000,
});

// A connection that breaks while nobody uses it: the pool opens another.
pool.on('error', (err) => console.log(`app: idle connection: ${err.message}`));

async function answer(request) {
  if (request.method === 'POST') {
    const { rows } = await pool.query(
      'insert into notes(body) values ($1) returning id, body',
      [decodeURIComponent(request.url.slice(1))]);
    return rows;
  }
  const { rows } = await pool.query('select id, name from items order by id');
  return rows;
}

const server = http.createServer((request, response) => {
  answer(request).then(
    (rows) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(rows) + '\n');
    },
    (err) => {
      response.writeHead(503, { 'content-type': 'text/plain' });
      response.end(err.message + '\n');
    });
});

// What was accepted is finished, and a last row is stored over a connection
// that may have to be opened now: the tunnel must outlive the app for this.
process.on('SIGTERM', () => {
  console.log('app: SIGTERM, finishing');
  server.close(async () => {
    try {
      await pool.query("insert into notes(body) values ('stopped in order')");
      console.log('app: stored the last row');
    } catch (err) {
      console.log(`app: could not store the last row: ${err.message}`);
      process.exitCode = 1;
    }
    await pool.end();
  });
  server.closeIdleConnections();
});

server.listen(Number(process.env.PORT || 8080), '127.0.0.1', () => {
  console.log(`app: listening on ${server.address().port}`);
});
