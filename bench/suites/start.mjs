// Nothing to the first row, and what it costs in memory. `bench/child.mjs` measures it: this suite only asks.
export const title = 'Cold start in Node, memory after it';
export const unit = '';

export async function run(db, { measure }) {
  measure.check('one', await db.query('SELECT 1'));
}
