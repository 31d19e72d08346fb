import { Tusklet } from 'tusklet';

const db = await Tusklet.create();
let heard;
const first = new Promise((resolve) => { heard = resolve; });
const stop = await db.listen('news', heard);

const other = await db.session();
await other.query("SELECT pg_notify('news', 'hello')");
console.log(await first);                                // hello
await stop();
await db.close();
