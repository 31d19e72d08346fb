import { Tusklet } from 'tusklet';

const db = await Tusklet.create();
const signal = AbortSignal.timeout(50);
await db.query('SELECT count(*) FROM generate_series(1, 1000000000)', [], { signal })
  .catch((error) => console.log(error.code));            // 57014
await db.close();
