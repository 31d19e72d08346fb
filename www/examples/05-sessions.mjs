import { Tusklet } from 'tusklet';

const db = await Tusklet.create();
await db.exec('CREATE TABLE counter (n int); INSERT INTO counter VALUES (0)');
const other = await db.session();

await other.exec('BEGIN; UPDATE counter SET n = n + 1');
const waiting = db.query('UPDATE counter SET n = n + 1 RETURNING n'); // waits for the row
await other.exec('COMMIT');
console.log((await waiting).rows);                       // [ { n: 2 } ]

await other.close();
await db.close();
