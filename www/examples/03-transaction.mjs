import { Tusklet } from 'tusklet';

const db = await Tusklet.create();
await db.exec('CREATE TABLE account (name text PRIMARY KEY, amount int CHECK (amount >= 0))');
await db.exec("INSERT INTO account VALUES ('ann', 10), ('bob', 0)");

const move = (amount) => db.transaction(async (tx) => {
  await tx.query("UPDATE account SET amount = amount + $1 WHERE name = 'bob'", [amount]);
  await tx.query("UPDATE account SET amount = amount - $1 WHERE name = 'ann'", [amount]);
});
await move(4);
await move(40).catch((error) => console.log(error.message)); // new row for relation "account" violates check constraint "account_amount_check"
console.log((await db.query('SELECT * FROM account ORDER BY name')).rows); // [ { name: 'ann', amount: 6 }, { name: 'bob', amount: 4 } ]
await db.close();
