import { Tusklet } from 'tusklet';

const db = await Tusklet.create();
const sql = 'SELECT i, i::float8 / 2 AS half FROM generate_series(1, 4) AS i';
const { columns } = await db.query(sql, [], { rowMode: 'columns' });
console.log(columns[1].values);                          // Float64Array(4) [ 0.5, 1, 1.5, 2 ]
await db.close();
