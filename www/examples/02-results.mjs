import { Tusklet } from 'tusklet';

const db = await Tusklet.create();
const sql = "SELECT i, i * 0.5 AS half FROM generate_series(1, 3) AS i";

const result = await db.query(sql);
console.log(result.rows[1]);                             // { i: 2, half: '1.0' }
console.log(result.fields.map((f) => f.name));           // [ 'i', 'half' ]

const arrays = await db.query(sql, [], { rowMode: 'array' });
console.log(arrays.rows[1]);                             // [ 2, '1.0' ]
await db.close();
