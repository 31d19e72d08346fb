/** PostgreSQL's tutorial, "Advanced Features". */
import { FILLED } from './chapter2.js';
import type { Lesson } from './lesson.js';

const BANK = `DROP TABLE IF EXISTS accounts;
DROP TABLE IF EXISTS branches;
CREATE TABLE branches (name text PRIMARY KEY, balance numeric(12,2) NOT NULL);
CREATE TABLE accounts (name text PRIMARY KEY, branch_name text NOT NULL REFERENCES branches, balance numeric(12,2) NOT NULL);
INSERT INTO branches VALUES ('North', 5000), ('South', 4000);
INSERT INTO accounts VALUES ('Alice', 'North', 500), ('Bob', 'South', 200), ('Wally', 'South', 50);
`;

const STAFF = `DROP TABLE IF EXISTS empsalary;
CREATE TABLE empsalary (depname varchar, empno bigint, salary int, enroll_date date);
INSERT INTO empsalary VALUES
  ('sales', 1, 5000, '2006-10-01'), ('personnel', 2, 3900, '2006-12-23'), ('sales', 3, 4800, '2007-08-01'), ('sales', 4, 4800, '2007-08-08'),
  ('personnel', 5, 3500, '2007-12-10'), ('develop', 7, 4200, '2008-01-01'), ('develop', 8, 6000, '2006-10-01'), ('develop', 9, 4500, '2008-01-01'),
  ('develop', 10, 5200, '2007-08-01'), ('develop', 11, 5200, '2007-08-15');
`;

export const chapter3: readonly Lesson[] = [
  {
    id: 'views', section: '3.2', title: 'Views', setup: FILLED,
    steps: [
      {
        id: 'view', title: 'A query with a name',
        text: `<p>When the same query is needed again and again, give it a name. A <b>view</b> can then be used almost everywhere a table can, in other views too, and it hides how the tables are really built.</p>`,
        sql: `CREATE VIEW myview AS
    SELECT name, temp_lo, temp_hi, prcp, date, location
        FROM weather, cities
        WHERE city = name;

SELECT * FROM myview;`,
        check: `SELECT count(*) = 2 FROM myview`,
      },
    ],
  },
  {
    id: 'keys', section: '3.3', title: 'Foreign keys',
    setup: `DROP VIEW IF EXISTS myview;
DROP TABLE IF EXISTS weather;
DROP TABLE IF EXISTS cities CASCADE;
`,
    steps: [
      {
        id: 'tables', title: 'No weather without a city',
        text: `<p>Nobody should be able to record the weather of a city that <code>cities</code> does not know. A <b>primary key</b> identifies a row; a <b>foreign key</b> may only hold values that exist there. The database then keeps watch, whoever writes.</p>`,
        sql: `CREATE TABLE cities (
        name     varchar(80) primary key,
        location point
);

CREATE TABLE weather (
        city      varchar(80) references cities(name),
        temp_lo   int,
        temp_hi   int,
        prcp      real,
        date      date
);`,
        check: `SELECT count(*) = 1 FROM pg_constraint WHERE conrelid = 'weather'::regclass AND contype = 'f'`,
      },
      {
        id: 'refused', title: 'Refused',
        text: `<p>Berkeley is not there. The error names the constraint, and its detail the value.</p>`,
        sql: `INSERT INTO weather VALUES ('Berkeley', 45, 53, 0.0, '1994-11-28');`,
        check: `SELECT count(*) = 0 FROM weather`, error: '23503',
      },
    ],
  },
  {
    id: 'transactions', section: '3.4', title: 'Transactions', setup: BANK,
    steps: [
      {
        id: 'steps', title: 'Four steps of one thing',
        text: `<p>Alice pays Bob 100.00. Two accounts change and two branches. If something breaks in the middle, money has vanished or appeared: these four statements are one thing and should happen all or not at all.</p>`,
        sql: `UPDATE accounts SET balance = balance - 100.00
    WHERE name = 'Alice';
UPDATE branches SET balance = balance - 100.00
    WHERE name = (SELECT branch_name FROM accounts WHERE name = 'Alice');
UPDATE accounts SET balance = balance + 100.00
    WHERE name = 'Bob';
UPDATE branches SET balance = balance + 100.00
    WHERE name = (SELECT branch_name FROM accounts WHERE name = 'Bob');`,
        check: `SELECT (SELECT sum(balance) FROM branches) = 9000 AND (SELECT balance FROM accounts WHERE name = 'Bob') > 200`,
      },
      {
        id: 'begin', title: 'All or nothing',
        text: `<p>Between <code>BEGIN</code> and <code>COMMIT</code> statements form a <b>transaction</b>. Others see nothing of it before it ends, and once <code>COMMIT</code> has answered it survives a crash. (A statement on its own is a transaction of its own.)</p>`,
        sql: `BEGIN;
UPDATE accounts SET balance = balance - 100.00
    WHERE name = 'Alice';
-- and so on
COMMIT;`,
        check: `SELECT balance <= 400 FROM accounts WHERE name = 'Alice'`,
      },
      {
        id: 'rollback', title: 'Changing your mind',
        text: `<p>With <code>ROLLBACK</code> in place of <code>COMMIT</code> nothing has happened. Here Alice's account would have gone below zero.</p>`,
        sql: `BEGIN;
UPDATE accounts SET balance = balance - 100000.00
    WHERE name = 'Alice';
ROLLBACK;`,
        check: `SELECT balance > 0 FROM accounts WHERE name = 'Alice'`,
      },
      {
        id: 'savepoint', title: 'Taking back a part',
        text: `<p>A <b>savepoint</b> is a place in a transaction you can return to. What came after it is undone, what came before stays. Here the money first goes to Bob by mistake, and then to Wally. <code>ROLLBACK TO</code> is also the way to go on after an error inside a transaction.</p>`,
        sql: `BEGIN;
UPDATE accounts SET balance = balance - 100.00
    WHERE name = 'Alice';
SAVEPOINT my_savepoint;
UPDATE accounts SET balance = balance + 100.00
    WHERE name = 'Bob';
-- oops ... forget that and use Wally's account
ROLLBACK TO my_savepoint;
UPDATE accounts SET balance = balance + 100.00
    WHERE name = 'Wally';
COMMIT;`,
        check: `SELECT balance >= 150 FROM accounts WHERE name = 'Wally'`,
      },
    ],
  },
  {
    id: 'windows', section: '3.5', title: 'Window functions', setup: STAFF,
    steps: [
      {
        id: 'avg', title: 'Compared with the department',
        text: `<p>A <b>window function</b> looks at rows related to the current one, as an aggregate does, but the rows stay rows. <code>OVER</code> makes the difference, and <code>PARTITION BY</code> says which rows belong together: here each salary stands beside its department's average.</p>`,
        sql: `SELECT depname, empno, salary, avg(salary) OVER (PARTITION BY depname) FROM empsalary;`,
        check: `SELECT (SELECT count(DISTINCT avg) FROM ({sql}) AS answer) = 3`,
      },
      {
        id: 'rank', title: 'Ranks',
        text: `<p><code>ORDER BY</code> inside <code>OVER</code> puts each partition's rows in order for the function, whatever the order of the result. <code>rank</code> numbers them, the same for equal salaries.</p>`,
        sql: `SELECT depname, empno, salary,
       rank() OVER (PARTITION BY depname ORDER BY salary DESC)
FROM empsalary;`,
        check: `SELECT (SELECT max(rank) FROM ({sql}) AS answer) = 5`,
      },
      {
        id: 'sum', title: 'Over everything',
        text: `<p>With an empty <code>OVER ()</code> there is one partition of all rows, and its <b>frame</b>, the rows that count for the current one, is all of it too. So every sum is the same.</p>`,
        sql: `SELECT salary, sum(salary) OVER () FROM empsalary;`,
        check: `SELECT (SELECT min(sum) = 47100 AND max(sum) = 47100 FROM ({sql}) AS answer)`,
      },
      {
        id: 'running', title: 'A running total',
        text: `<p>Add <code>ORDER BY</code> and the frame ends at the current row and those equal to it: the sum runs. Look at the two salaries of 4800.</p>`,
        sql: `SELECT salary, sum(salary) OVER (ORDER BY salary) FROM empsalary;`,
        check: `SELECT (SELECT min(sum) = 3500 AND max(sum) = 47100 FROM ({sql}) AS answer)`,
      },
      {
        id: 'top', title: 'The best paid two',
        text: `<p>Window functions are computed last, after <code>WHERE</code>, <code>GROUP BY</code> and <code>HAVING</code>, and so may not stand in these. To filter by one, wrap the query.</p>`,
        sql: `SELECT depname, empno, salary, enroll_date
FROM
  (SELECT depname, empno, salary, enroll_date,
          rank() OVER (PARTITION BY depname ORDER BY salary DESC, empno) AS pos
     FROM empsalary
  ) AS ss
WHERE pos < 3;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 6`,
      },
      {
        id: 'named', title: 'A window with a name',
        text: `<p>Several functions over the same window: name it once in a <code>WINDOW</code> clause, and use the name.</p>`,
        sql: `SELECT sum(salary) OVER w, avg(salary) OVER w
  FROM empsalary
  WINDOW w AS (PARTITION BY depname ORDER BY salary DESC);`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 10`,
      },
    ],
  },
  {
    id: 'inheritance', section: '3.6', title: 'Inheritance',
    setup: `DROP VIEW IF EXISTS myview;
DROP TABLE IF EXISTS weather;
DROP TABLE IF EXISTS capitals CASCADE;
DROP TABLE IF EXISTS non_capitals CASCADE;
DROP VIEW IF EXISTS cities_view;
DROP TABLE IF EXISTS cities CASCADE;
`,
    steps: [
      {
        id: 'union', title: 'Two tables and a view',
        text: `<p>Capitals are cities with something more: the state they are the capital of. One way is to keep two tables, and a view that shows both together. Reading works; changing a row means knowing which table it is in.</p>`,
        sql: `CREATE TABLE capitals (
  name       text,
  population real,
  elevation  int,    -- (in ft)
  state      char(2)
);

CREATE TABLE non_capitals (
  name       text,
  population real,
  elevation  int     -- (in ft)
);

CREATE VIEW cities AS
  SELECT name, population, elevation FROM capitals
    UNION
  SELECT name, population, elevation FROM non_capitals;`,
        check: `SELECT relkind = 'v' FROM pg_class WHERE oid = 'cities'::regclass`,
      },
      {
        id: 'inherits', title: 'A table that inherits',
        text: `<p>The other way: <code>capitals</code> <b>inherits</b> every column of <code>cities</code> and adds one. First the view and the tables of before go.</p>`,
        sql: `DROP VIEW cities;
DROP TABLE capitals;
DROP TABLE non_capitals;

CREATE TABLE cities (
  name       text,
  population real,
  elevation  int     -- (in ft)
);

CREATE TABLE capitals (
  state      char(2) UNIQUE NOT NULL
) INHERITS (cities);`,
        check: `SELECT count(*) = 1 FROM pg_inherits WHERE inhparent = 'cities'::regclass AND inhrelid = 'capitals'::regclass`,
      },
      {
        id: 'rows', title: 'Some cities',
        text: `<p>A few rows to ask about, capitals and others.</p>`,
        sql: `INSERT INTO cities VALUES
  ('San Francisco', 724000, 63), ('Las Vegas', 258300, 2174), ('Mariposa', 1200, 1953);
INSERT INTO capitals VALUES
  ('Sacramento', 369400, 30, 'CA'), ('Madison', 191300, 845, 'WI');`,
        check: `SELECT count(*) = 5 FROM cities`,
      },
      {
        id: 'both', title: 'Cities, capitals too',
        text: `<p>A query of <code>cities</code> sees the rows of the tables below it as well. Which places lie above 500 feet?</p>`,
        sql: `SELECT name, elevation
  FROM cities
  WHERE elevation > 500;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 3`,
      },
      {
        id: 'only', title: 'Cities that are no capitals',
        text: `<p><code>ONLY</code> leaves the tables below out. <code>UPDATE</code> and <code>DELETE</code> know it too. One warning: unique constraints and foreign keys do not reach across inheriting tables.</p>`,
        sql: `SELECT name, elevation
    FROM ONLY cities
    WHERE elevation > 500;`,
        check: `SELECT (SELECT count(*) FROM ({sql}) AS answer) = 2`,
      },
    ],
  },
];
