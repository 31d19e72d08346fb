import { Tusklet } from 'tusklet';

const db = await Tusklet.create('memory://');            // or 'idb://name' in a browser
await db.exec('CREATE TABLE planets (name text PRIMARY KEY, moons int)');
await db.query('INSERT INTO planets VALUES ($1, $2), ($3, $4)', ['Earth', 1, 'Mars', 2]);
const { rows } = await db.sql`SELECT * FROM planets WHERE moons > ${1}`;
console.log(rows);                                       // [ { name: 'Mars', moons: 2 } ]
await db.close();
