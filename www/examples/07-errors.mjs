import { PostgresError, Tusklet } from 'tusklet';

const db = await Tusklet.create();
try {
  await db.query('SELECT sqroot(2)');
} catch (error) {
  console.log(error instanceof PostgresError);           // true
  console.log(error.code);                               // 42883
  console.log(error.position);                           // 8
  console.log(error.message);                            // function sqroot(integer) does not exist
}
await db.close();
