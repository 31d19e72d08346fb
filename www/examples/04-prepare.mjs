import { Tusklet } from 'tusklet';

const db = await Tusklet.create();
await db.exec('CREATE TABLE word (id int PRIMARY KEY, text text)');
const insert = await db.prepare('INSERT INTO word VALUES ($1, $2)');
for (const [i, text] of ['one', 'two', 'three'].entries()) await insert.query([i, text]);
await insert.close();

const find = await db.prepare('SELECT text FROM word WHERE id = $1');
console.log(find.sync.query([2]).rows);                  // [ { text: 'three' } ]
await db.close();
