import { Tusklet } from 'tusklet';

let db = await Tusklet.create('idb://notes');
await db.exec('CREATE TABLE IF NOT EXISTS note (id serial PRIMARY KEY, body text)');
await db.query('INSERT INTO note (body) VALUES ($1)', ['hello']);
await db.close();

db = await Tusklet.create('idb://notes');
console.log((await db.query('SELECT * FROM note')).rows); // [ { id: 1, body: 'hello' } ]
await db.close();
console.log(await Tusklet.databases());                  // [ 'notes' ]
await Tusklet.deleteDatabase('notes');
